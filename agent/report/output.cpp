#include "agent/report/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "agent/log/log.h"
#include "probes/base/exit_codes.h"
#include "probes/base/fd.h"
#include "probes/base/files.h"
#include "probes/base/text.h"

namespace efa {

namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// `without_file`: the code where the file could not be written.
int put_out(const std::string& text, const std::string& output, int code, int without_file) {
  if (output.empty()) {
    const Result<Done> written = write_all(STDOUT_FILENO, text, "standard output");
    if (written) return code;
    log_error("{}", message_of(written.error()));
    return kExitInternal;
  }
  const Result<Done> written = write_output(output, text, 0666);
  if (written) return code;
  log_error("{}", message_of(written.error()));
  (void)write_all(STDOUT_FILENO, text, "standard output");
  return without_file;
}

}  // namespace

bool understands_escapes() {
  return environment("TERM") != "dumb";
}

TextStyle style_of(const std::string& output) {
  constexpr int kWidest = 1000;
  TextStyle style;
  const auto columns = parse_number<int>(environment("COLUMNS"));
  if (columns && *columns > 0) style.width = std::min(*columns, kWidest);
  winsize size{};
  if (output.empty() && isatty(STDOUT_FILENO) != 0) {
    style.whole = true;
    style.colour = environment("NO_COLOR").empty() && understands_escapes();  // no-color.org
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.width = size.ws_col;
  }
  return style;
}

int put_out(const std::string& text, const std::string& output, int code) {
  return put_out(text, output, code, code);
}

int put_out(const std::string& text, const std::string& output) {
  return put_out(text, output, 0, kExitInternal);
}

}  // namespace efa
