// The drawing as SVG 1.1: rectangles and texts, no scripts, no fonts of its own, nothing loaded.

#include <fmt/core.h>

#include <algorithm>

#include "agent/report/topology.h"
#include "agent/report/xml_text.h"
#include "probes/base/printable.h"

namespace efa {
namespace {

constexpr int kMargin = 16;
constexpr int kLine = 18;    // from one text to the next
constexpr int kDevice = 44;  // height of a device: two lines
constexpr int kWide = 232;   // of a device
constexpr int kGap = 10;
constexpr int kColumns = 4;  // switches beside each other

constexpr const char* kStyle =
    "text{font:12px sans-serif;fill:#222}.t{font-size:15px;font-weight:bold}"
    ".n{fill:#f4f4f4;stroke:#999}.s{fill:#fff;stroke:#999}.EFA{fill:#ffe3bd;stroke:#c77d1a}"
    ".GPU{fill:#d3ecc8;stroke:#5a9440}.Neuron{fill:#d7e3f7;stroke:#4a6fb0}"
    ".u{stroke:#c00;stroke-width:3}.w{fill:#c00;font-weight:bold}";

std::string box(const std::string& kind, int x, int y, int width, int height, bool unlike) {
  return fmt::format(
      "<rect class=\"{}{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>\n", kind,
      unlike ? " u" : "", x, y, width, height);
}

std::string label(int x, int y, const std::string& text, const char* kind = "") {
  const std::string of = *kind == '\0' ? "" : fmt::format(" class=\"{}\"", kind);
  return fmt::format("<text{} x=\"{}\" y=\"{}\">{}</text>\n", of, x, y, xml_text(text));
}

int height_of(const DrawnSwitch& one) {
  return 2 * kLine + static_cast<int>(one.devices.size()) * (kDevice + kGap) + kGap;
}

// The tooltip of a device says all of it.
std::string device(const DrawnDevice& one, int x, int y) {
  const std::string second = one.unlike.empty() ? one.words : one.unlike;
  return "<g><title>" + xml_text(one.words + (one.unlike.empty() ? "" : "; " + one.unlike)) +
         "</title>\n" + box(one.kind, x, y, kWide, kDevice, !one.unlike.empty()) +
         label(x + kGap, y + kLine, one.kind + " " + one.address) +
         label(x + kGap, y + 2 * kLine, printable(second, 34), one.unlike.empty() ? "" : "w") +
         "</g>\n";
}

std::string switch_at(const DrawnSwitch& one, int x, int y) {
  std::string svg = box("s", x, y, kWide + 2 * kGap, height_of(one), !one.unlike.empty());
  svg += label(x + kGap, y + kLine, one.name.empty() ? "PCIe" : one.name);
  if (!one.unlike.empty()) svg += label(x + kGap, y + 2 * kLine - 4, one.unlike, "w");
  int below = y + 2 * kLine;
  for (const DrawnDevice& each : one.devices) {
    svg += device(each, x + kGap, below);
    below += kDevice + kGap;
  }
  return svg;
}

// Rows of switches; moves `y` below them.
std::string numa_at(const DrawnNuma& numa, int& y) {
  const int top = y;
  std::string inside;
  y += kLine + kGap;
  for (size_t i = 0; i < numa.switches.size(); i += kColumns) {
    int tallest = 0;
    for (size_t j = i; j < std::min(i + kColumns, numa.switches.size()); ++j) {
      const int x = 2 * kMargin + static_cast<int>(j - i) * (kWide + 3 * kGap);
      inside += switch_at(numa.switches[j], x, y);
      tallest = std::max(tallest, height_of(numa.switches[j]));
    }
    y += tallest + kGap;
  }
  const int width = kColumns * (kWide + 3 * kGap) + 2 * kMargin;
  std::string svg = box("n", kMargin, top, width, y - top, /*unlike=*/false) +
                    label(2 * kMargin, top + kLine, numa.name) + inside;
  y += kGap;
  return svg;
}

}  // namespace

std::string render_topology_svg(const Drawing& drawing) {
  int y = kMargin + kLine;
  std::string body = label(kMargin, y, drawing.title, "t");
  y += kGap;
  for (const DrawnNuma& numa : drawing.numa) body += numa_at(numa, y);
  for (const std::string& note : drawing.notes) {
    y += kLine;
    body += label(kMargin, y, note);
  }
  const int width = kColumns * (kWide + 3 * kGap) + 4 * kMargin;
  const int height = y + kMargin;
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\">\n<style>{2}</style>\n{3}</svg>\n",
      width, height, kStyle, body);
}

}  // namespace efa
