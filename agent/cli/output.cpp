#include "agent/cli/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "agent/log/log.h"
#include "probes/base/exit_codes.h"
#include "probes/base/fd.h"
#include "probes/base/files.h"

namespace efa {

TextStyle style_of(const std::string& output) {
  TextStyle style;
  winsize size{};
  if (output.empty() && isatty(STDOUT_FILENO) != 0) {
    style.colour = std::getenv("NO_COLOR") == nullptr;  // no-color.org
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  }
  return style;
}

int put_out(const std::string& text, const std::string& output, int code) {
  if (output.empty()) {
    const Result<Done> written = write_all(STDOUT_FILENO, text, "standard output");
    if (written) return code;
    log_error("{}", message_of(written.error()));
    return kExitInternal;
  }
  const Result<Done> written = write_output(output, text, 0666);
  if (!written) {
    log_error("{}", message_of(written.error()));
    (void)write_all(STDOUT_FILENO, text, "standard output");
  }
  return code;
}

}  // namespace efa
