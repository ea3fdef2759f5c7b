#include "probes/pci/given_away.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "probes/base/text.h"
#include "probes/protocol/vfio.h"

namespace efa {
namespace {

// It only has vfio-pci come first: it gives away what another line names.
bool is_softdep(const std::string& line) {
  return line.find(": softdep ") != std::string::npos;
}

}  // namespace

std::vector<std::string> lines_that_give_away(const std::vector<std::string>& all,
                                              const PciFunction& function) {
  std::vector<std::string> lines;
  if (function.driver != "vfio-pci") return lines;
  for (const std::string& line : all) {
    if (gives_to_vfio(line, function.device)) lines.push_back(line);
  }
  if (lines.empty()) return lines;
  std::copy_if(all.begin(), all.end(), std::back_inserter(lines), is_softdep);
  return lines;
}

std::string comment_out_command(const std::vector<std::string>& lines) {
  std::vector<std::string> commands;
  for (const std::string& line : lines) {
    const size_t colon = line.find(": ");
    const std::string file = line.substr(0, colon);
    const std::string text = colon == std::string::npos ? "" : line.substr(colon + 2);
    const bool alone = is_softdep(line) || gives_only_efa_to_vfio(text);
    // "..." holds dots: what else such a line sets would be lost
    if (!alone || !is_made_of(text, " -_=:,")) return "";
    if (!file.ends_with(".conf") || !is_made_of(file, "/._-")) return "";
    commands.push_back(fmt::format("sudo sed -i -E 's/^[[:space:]]*{}[[:space:]]*$/# &/' {}",
                                   join(words(text), "[[:space:]]+"), file));
  }
  return join(commands, "; ");
}

}  // namespace efa
