#include "agent/watch/accepted_config.h"

#include "agent/cli/daemon_check.h"

namespace efa {

Result<Done> AcceptedConfig::load(const std::string& path, bool required) {
  const Result<std::string> text = read_config_text(path, required);
  if (!text) return text.error();
  const Result<Config> config = parse_config(*text, path, check_for_daemon);
  if (!config) return config.error();
  Result<Fd> file = memory_file("efa-doctor-config", *text);
  if (!file) return file.error();
  file_ = std::move(*file);
  config_ = *config;
  return Done{};
}

}  // namespace efa
