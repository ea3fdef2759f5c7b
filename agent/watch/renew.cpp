#include "agent/watch/renew.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "agent/log/log.h"
#include "probes/base/text.h"

namespace efa {

void become_anew(const WatchOptions& options, int config_fd) {
  std::error_code error;
  for (std::filesystem::directory_iterator fd("/proc/self/fd", error), end; !error && fd != end;
       fd.increment(error)) {
    const int number = parse_number<int>(fd->path().filename().string()).value_or(-1);
    if (number > STDERR_FILENO && number != config_fd) fcntl(number, F_SETFD, FD_CLOEXEC);
  }
  fcntl(config_fd, F_SETFD, 0);
  const std::string config = options.config_required ? options.config_path : "";
  const std::string accepted = std::to_string(config_fd);
  execl("/proc/self/exe", "efa-doctor", options.efa_doctor.c_str(), config.c_str(),
        accepted.c_str(), nullptr);
  log_error("the daemon could not restart itself: {}", std::strerror(errno));
}

}  // namespace efa
