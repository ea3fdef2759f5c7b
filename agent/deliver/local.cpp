#include "agent/deliver/local.h"

#include <spdlog/spdlog.h>

#include "agent/deliver/files.h"

namespace efa {

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
  const std::string json = render_json(report_value(report), 1) + "\n";
  const Result<Done> kept = write_file(report_path(config), json, 0640);
  if (!kept) spdlog::warn("report was not kept: {}", message_of(kept.error()));
  const Value health = health_value(report, report_path(config));
  const Result<Done> said = write_file(health_path(config), render_json(health, 1) + "\n", 0644);
  if (!said) spdlog::warn("health was not kept: {}", message_of(said.error()));
}

}  // namespace efa
