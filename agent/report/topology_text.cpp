// The drawing as lines: a tree in ASCII, which every terminal and every log shows alike.

#include <fmt/core.h>

#include "agent/report/topology.h"

namespace efa {
namespace {

constexpr const char* kBranch = "|-- ";
constexpr const char* kLast = "`-- ";
constexpr const char* kBeside = "|   ";
constexpr const char* kBelowLast = "    ";

// The mark stands on a line of its own where it does not fit.
void put(TextPage& page, const std::string& lead, const std::string& below,
         const std::string& words, const std::string& unlike) {
  page.line(lead + words);
  if (!unlike.empty()) page.marked(below, "^ unlike the others: " + unlike, "1;31");
}

void put_devices(TextPage& page, const DrawnSwitch& one, const std::string& indent) {
  for (size_t i = 0; i < one.devices.size(); ++i) {
    const DrawnDevice& device = one.devices[i];
    const bool last = i + 1 == one.devices.size();
    const std::string words = device.words.empty() ? "" : "  " + device.words;
    put(page, indent + (last ? kLast : kBranch), indent + (last ? kBelowLast : kBeside),
        fmt::format("{} {}{}", device.kind, device.address, words), device.unlike);
  }
}

}  // namespace

std::string render_topology_text(const Drawing& drawing, const TextStyle& style) {
  TextPage page(style);
  page.paragraph(drawing.title, 0);
  for (const DrawnNuma& numa : drawing.numa) {
    page.line();
    page.line(numa.name);
    for (size_t i = 0; i < numa.switches.size(); ++i) {
      const DrawnSwitch& one = numa.switches[i];
      const bool last = i + 1 == numa.switches.size();
      const std::string below = last ? kBelowLast : kBeside;
      if (one.name.empty()) {
        put_devices(page, one, "");
        continue;
      }
      put(page, last ? kLast : kBranch, below, one.name, one.unlike);
      put_devices(page, one, below);
    }
  }
  if (!drawing.notes.empty()) page.line();
  for (const std::string& note : drawing.notes) page.paragraph(note, 0);
  return page.take(kMostOfFleet);
}

}  // namespace efa
