#include "agent/watch/accepted_config.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "agent/cli/daemon_check.h"

namespace efa {

AcceptedConfig::~AcceptedConfig() {
  if (fd_ >= 0) close(fd_);
}

Result<Done> AcceptedConfig::load(const std::string& path, bool required) {
  const Result<std::string> text = read_config_text(path, required);
  if (!text) return text.error();
  const Result<Config> config = parse_config(*text, path);
  if (!config) return config.error();
  const Result<Done> right = check_for_daemon(*config, path);
  if (!right) return right.error();
  const int fd = memfd_create("efa-doctor-config", MFD_CLOEXEC);
  if (fd < 0) return system_error(errno, "memfd_create");
  if (write(fd, text->data(), text->size()) != static_cast<ssize_t>(text->size())) {
    close(fd);
    return system_error(ENOSPC, "memfd");
  }
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
  config_ = *config;
  return Done{};
}

}  // namespace efa
