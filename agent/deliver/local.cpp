#include "agent/deliver/local.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

#include "agent/deliver/files.h"
#include "probes/protocol/describe.h"

namespace efa {
namespace {

// "2026-11-23T220000Z-000042.json": sorts by time, then by number
std::string ring_name(const RunInfo& run) {
  std::string time = time_text(run.started_at_ms);
  std::erase(time, ':');
  const std::string number = std::to_string(run.sequence);
  return time + "-" + std::string(6 - std::min<size_t>(number.size(), 6), '0') + number + ".json";
}

struct Kept {
  std::string path;
  uint64_t bytes = 0;
};

std::vector<Kept> kept_reports(const std::string& directory) {
  std::vector<Kept> kept;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (!entry.path().string().ends_with(".json")) continue;
    const uint64_t bytes = entry.file_size(error);
    kept.push_back({entry.path().string(), error ? 0 : bytes});
  }
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.path > b.path; });
  return kept;
}

// The newest stay, as many as the settings allow.
void trim_ring(const Config& config, const std::string& directory) {
  uint64_t bytes = 0;
  int64_t count = 0;
  for (const Kept& report : kept_reports(directory)) {
    bytes += report.bytes;
    const bool fits =
        ++count <= config.reports_kept && bytes <= static_cast<uint64_t>(config.reports_kib) * 1024;
    std::error_code ignored;  // it is tried again after the next pass
    if (!fits) std::filesystem::remove(report.path, ignored);
  }
}

class Delivery {
 public:
  bool write(const std::string& path, const std::string& text, unsigned mode) {
    constexpr std::chrono::seconds kLongDead{60};
    remove_unfinished(path, kLongDead);
    return take(write_file(path, text, mode));
  }
  // The ring holds the report under a second name, not a second time.
  void link(const std::string& path, const std::string& name) {
    const std::filesystem::path whole(name);
    std::error_code error;
    std::filesystem::create_directories(whole.parent_path(), error);
    std::filesystem::remove(whole, error);  // a state that was lost counts from 1 again
    std::filesystem::create_hard_link(path, whole, error);
    if (error) take(system_error(error.value(), name));
  }
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

 private:
  bool take(const Result<Done>& written) {
    if (written) return true;
    problems_.push_back(message_of(written.error()));
    spdlog::warn("not written: {}", problems_.back());
    return false;
  }

  std::vector<std::string> problems_;
};

}  // namespace

std::string state_path(const Config& config) {
  return config.state_directory + "/state.json";
}
std::string report_path(const Config& config) {
  return config.state_directory + "/report.json";
}
std::string health_path(const Config& config) {
  return config.run_directory + "/health.json";
}

void deliver_local(const Config& config, const Report& report) {
  Delivery delivery;
  const std::string json = render_json(report_value(report), 1) + "\n";
  const bool written = delivery.write(report_path(config), json, 0640);
  if (written && config.reports_kept > 0) {
    const std::string ring = config.state_directory + "/reports";
    delivery.link(report_path(config), ring + "/" + ring_name(report.run));
    trim_ring(config, ring);
  }
  if (!config.metrics_directory.empty()) {
    delivery.write(config.metrics_directory + "/efa-doctor.prom", render_prometheus(report), 0644);
  }
  // last, so that whoever sees it finds the others; it tells what could not be written
  Value health = health_value(report, report_path(config));
  health.set("problems", to_value(delivery.problems()));
  delivery.write(health_path(config), render_json(health, 1) + "\n", 0644);
}

}  // namespace efa
