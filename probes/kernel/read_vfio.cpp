// The lines of modprobe.d and of the kernel's command line that give EFA functions to vfio-pci. By
// looks of another kind than those of read_modprobe.cpp: a recording has one of each kind and file.
// Interface: modprobe.d(5), kernel-parameters of Linux (module.parameter=value).

#include "probes/kernel/read_vfio.h"

#include <set>

#include "probes/base/text.h"
#include "probes/kernel/parse.h"
#include "probes/protocol/vfio.h"

namespace efa {
namespace {

constexpr size_t kMaxVfioLines = 16;

// A line that goes on in the next is no single line of the file: "..." says so.
std::string lines_for_vfio(const std::string& file) {
  std::string kept;
  WrappedLines wrapped;
  bool goes_on = false;
  for (std::string& line : split(file, '\n')) {
    const bool begun = goes_on;
    goes_on = !wrapped.take(line);
    if (goes_on) continue;
    const auto found = parse_vfio_line(line);
    if (found) kept += *found + (begun && !found->ends_with(" ...") ? " ...\n" : "\n");
  }
  return kept;
}

std::string arguments_for_vfio(const std::string& command_line) {
  return join(parse_vfio_arguments(command_line), "\n");
}

void take_lines(const std::string& path, const std::string& lines, KernelFacts& facts) {
  for (const std::string& line : split(lines, '\n')) {
    if (line.empty() || facts.vfio_lines.size() == kMaxVfioLines) continue;
    facts.vfio_lines.push_back(path + ": " + line);
  }
}

}  // namespace

void read_vfio(const Look& look, KernelFacts& facts) {
  if (!look.root.exists("/sys/bus/pci/drivers/vfio-pci")) return;  // nearly everywhere
  constexpr const char* kCommandLine = "/proc/cmdline";
  const auto arguments = look.root.read_part(kCommandLine, Sysroot::kSmallFile, arguments_for_vfio);
  take_lines(kCommandLine, arguments.value_or(""), facts);
  std::set<std::string> seen;  // of files of one name the first directory's counts
  for (const char* before : {"/etc/", "/run/", "/usr/local/lib/", "/usr/lib/", "/lib/"}) {
    const std::string directory = std::string(before) + "modprobe.d";
    for (const std::string& name : look.root.list(directory).value_or({})) {
      if (!name.ends_with(".conf") || !seen.insert(name).second) continue;
      const std::string path = directory + "/" + name;
      const auto lines = look.root.read_part(path, Sysroot::kSmallFile, lines_for_vfio);
      take_lines(path, lines.value_or(""), facts);
    }
  }
}

}  // namespace efa
