#include "agent/deliver/local.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "agent/log/log.h"
#include "probes/base/describe.h"
#include "probes/base/file_lock.h"
#include "probes/base/files.h"
#include "probes/base/moment.h"
#include "probes/base/text.h"

namespace efa {
namespace {

// "2026-11-23T220000Z-000042.json": sorts by time, then by number
std::string ring_name(const RunInfo& run) {
  std::string time = time_text(run.started_at_ms);
  std::erase(time, ':');
  const std::string number = std::to_string(run.sequence);
  return time + "-" + std::string(6 - std::min<size_t>(number.size(), 6), '0') + number + ".json";
}

// Passes are counted; the time of the name is the wall clock's, which may have been set back.
int64_t number_of(const std::string& ring_name) {
  const size_t dash = ring_name.rfind('-');
  const size_t end = ring_name.rfind(".json");
  if (dash == std::string::npos || end == std::string::npos || end < dash) return 0;
  return parse_number<int64_t>(ring_name.substr(dash + 1, end - dash - 1)).value_or(0);
}

struct Kept {
  std::string name;
  uint64_t bytes = 0;
};

// The newest first.
std::vector<Kept> kept_reports(const Fd& ring) {
  std::vector<Kept> kept;
  for (const std::string& name : names_in(ring)) {
    struct stat status {};
    const bool seen = name.ends_with(".json") && !name.starts_with('.') &&
                      fstatat(ring.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (seen) kept.push_back({name, static_cast<uint64_t>(status.st_size)});
  }
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) {
    return std::pair(number_of(a.name), a.name) > std::pair(number_of(b.name), b.name);
  });
  return kept;
}

// The newest stay, as many as the settings allow.
void trim_ring(const FilesConfig& files, const std::string& directory) {
  const Result<Fd> ring = open_directory(directory);
  if (!ring) return;
  uint64_t bytes = 0;
  int64_t count = 0;
  for (const Kept& report : kept_reports(*ring)) {
    bytes += report.bytes;
    const bool fits =
        ++count <= files.reports_kept && bytes <= static_cast<uint64_t>(files.reports_kib) * 1024;
    if (!fits) unlinkat(ring->get(), report.name.c_str(), 0);  // else again after the next pass
  }
}

// The service sees most of the file system read-only, and home directories not at all.
std::string advice_to_service(const Error& error) {
  if (error.os_error != EROFS) return "";
  return "; to let the service write there: [Service] ReadWritePaths=" +
         std::filesystem::path(error.where).parent_path().string() +
         " in /etc/systemd/system/efa-doctor.service.d/paths.conf, then systemctl daemon-reload && "
         "systemctl restart efa-doctor.service";
}

class Delivery {
 public:
  explicit Delivery(const Report& report) : of_service_(report.run.trigger != Trigger::kOnce) {}
  bool write(const std::string& path, const std::string& text, unsigned mode) {
    sweep(path);
    return take(write_file(path, text, mode));
  }
  // The ring holds the report under a second name, not a second time.
  void write_report(const std::string& path, const std::string& text, const std::string& in_ring,
                    bool is_newest) {
    sweep(path);
    Result<Unfinished> report = Unfinished::write(path, text, 0640);
    if (!report) {
      take(report.error());
      return;
    }
    if (!in_ring.empty()) take(report->link_to(in_ring));
    if (is_newest) take(report->finish());
  }
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

 private:
  static void sweep(const std::string& path) {
    constexpr std::chrono::seconds kLongDead{60};
    remove_unfinished(path, kLongDead);
  }
  bool take(const Result<Done>& written) {
    if (written) return true;
    problems_.push_back(message_of(written.error()) +
                        (of_service_ ? advice_to_service(written.error()) : ""));
    log_warning("not written: {}", problems_.back());
    return false;
  }

  bool of_service_;
  std::vector<std::string> problems_;
};

// Whether a pass that began after this one has told its verdict already. A health file whose number
// no pass has reached yet is of a state that was lost, and counts for nothing.
bool is_overtaken(const FilesConfig& files, int64_t own, int64_t newest_begun) {
  constexpr size_t kMaxHealth = size_t{256} * 1024;
  const Result<std::string> text = read_own_file(health_path(files), kMaxHealth);
  const Value health = text ? parse_json(*text, "health file").value_or(Value()) : Value();
  const Value* sequence = health.find("sequence");
  const int64_t* told = sequence != nullptr ? sequence->as<int64_t>() : nullptr;
  return told != nullptr && *told > own && *told <= newest_begun;
}

void write_health(const FilesConfig& files, const Report& report, Delivery& delivery) {
  Value health = health_value(report, report_path(files));
  health.set("problems", to_value(delivery.problems()));
  delivery.write(health_path(files), render_json(health, 1) + "\n", 0644);
}

// One at a time, so that none overtakes another between its look and its writing. Without the lock
// (no rights, another hangs) the verdict is told all the same.
Result<FileLock> lock_of_health(const FilesConfig& files) {
  const std::string path = health_path(files) + ".lock";
  (void)open_directory(files.run_directory, /*make=*/true).ok();
  return FileLock::wait_for(path, std::chrono::seconds(2));
}

}  // namespace

std::vector<std::string> who_else_decides(const Config& config) {
  std::vector<std::string> words;
  const std::pair<const char*, const std::string&> directories[] = {
      {"state_directory", config.files.state_directory},
      {"run_directory", config.files.run_directory},
      {"site_probes", config.pass.site_probes}};
  for (const auto& [setting, path] : directories) {
    const std::string why = access(path.c_str(), F_OK) == 0 ? who_else_changes(path) : "";
    if (!why.empty()) words.push_back(std::string(setting) + " = \"" + path + "\": " + why);
  }
  return words;
}

std::vector<Error> check_directories(const Config& config) {
  std::vector<Error> errors;
  const std::pair<const char*, const std::string&> directories[] = {
      {"state_directory", config.files.state_directory},
      {"run_directory", config.files.run_directory},
      {"site_probes", config.pass.site_probes},
      {"host_root", config.pass.host_root},
      {"metrics_directory", config.files.metrics_directory}};
  for (const auto& [setting, path] : directories) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    const bool may_be = error.value() != ENOTDIR &&  // of what is before it, as in /dev/null/x
                        (!std::filesystem::exists(status) || std::filesystem::is_directory(status));
    if (may_be) continue;
    errors.push_back(malformed(setting, message_of(system_error(ENOTDIR, path))));
  }
  return errors;
}

// In this order: whoever sees the health file finds the report that it names, and nothing that a
// node exporter's directory does keeps the verdict away.
void deliver_local(const FilesConfig& files, const Report& report, int64_t newest_begun) {
  Delivery delivery(report);
  const Result<FileLock> lock = lock_of_health(files);
  const bool is_newest = !is_overtaken(files, report.run.sequence, newest_begun);
  const std::string json = render_json(report_value(report), 1) + "\n";
  const std::string ring = files.state_directory + "/reports";
  delivery.write_report(report_path(files), json,
                        files.reports_kept > 0 ? ring + "/" + ring_name(report.run) : "",
                        is_newest);
  if (is_newest) {
    write_health(files, report, delivery);
    const size_t told = delivery.problems().size();
    if (!files.metrics_directory.empty()) {
      delivery.write(files.metrics_directory + "/efa-doctor.prom",
                     render_prometheus(report, files.metrics_counters), 0644);
    }
    if (delivery.problems().size() > told) write_health(files, report, delivery);
  }
  if (files.reports_kept > 0) trim_ring(files, ring);
}

}  // namespace efa
