// The tests of a mesh as SVG 1.1: a row and a column for each node, a square where two met. No
// scripts, no fonts of its own, nothing loaded.

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "agent/mesh/report.h"
#include "agent/report/xml_text.h"

namespace efa {
namespace {

constexpr double kSide = 720;    // of the squares
constexpr double kMargin = 160;  // names of nodes
constexpr double kTop = 60;
constexpr size_t kMostNames = 64;  // more could not be read

constexpr const char* kStyle =
    "text{font:11px sans-serif;fill:#222}.t{font-size:15px;font-weight:bold}.f{fill:#fafafa;"
    "stroke:#999}.works{fill:#4a9a3f}.fails{fill:#c00}.untested{fill:#aaa}";

class Picture {
 public:
  explicit Picture(const MeshReport& report)
      : report_(report),
        cell_(kSide / static_cast<double>(std::max<size_t>(report.mesh.nodes.size(), 1))) {
    order_nodes();
  }

  std::string draw() {
    put_head();
    put_names();
    for (const MeshMeeting& meeting : report_.mesh.meetings) {
      put_square(meeting, meeting.one, meeting.other);
      put_square(meeting, meeting.other, meeting.one);
    }
    return svg_ + "</svg>\n";
  }

 private:
  // What reaches each other stands together.
  void order_nodes() {
    std::vector<int> order;
    for (const std::vector<int>& part : report_.judged.parts) {
      order.insert(order.end(), part.begin(), part.end());
    }
    places_.assign(report_.mesh.nodes.size(), -1);
    for (const int rank : order) place(rank);
    for (size_t rank = 0; rank < places_.size(); ++rank) place(static_cast<int>(rank));
  }

  void place(int rank) {
    int& place = places_[static_cast<size_t>(rank)];
    if (place < 0) place = next_++;
  }

  [[nodiscard]] double at(int rank) const { return cell_ * places_[static_cast<size_t>(rank)]; }

  void put_head() {
    const double width = kMargin + kSide + 20;
    const double height = kTop + kSide + 20;
    svg_ += fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" "
        "viewBox=\"0 0 {0:.0f} {1:.0f}\">\n<style>{2}</style>\n",
        width, height, kStyle);
    svg_ +=
        fmt::format("<text class=\"t\" x=\"16\" y=\"24\">{}</text>\n", xml_text(report_.summary));
    svg_ += fmt::format(
        "<text x=\"16\" y=\"44\">{} tests of two nodes; green: works, red: fails, grey: could not "
        "be "
        "tested</text>\n",
        report_.mesh.meetings.size());
    svg_ += fmt::format(
        "<rect class=\"f\" x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2:.1f}\" height=\"{2:.1f}\"/>\n",
        kMargin, kTop, kSide);
  }

  void put_names() {
    if (report_.mesh.nodes.size() > kMostNames) return;
    for (size_t rank = 0; rank < report_.mesh.nodes.size(); ++rank) {
      const double middle = kTop + at(static_cast<int>(rank)) + cell_ / 2 + 4;
      svg_ += fmt::format("<text x=\"16\" y=\"{:.1f}\">{}: {}</text>\n", middle,
                          xml_text(report_.mesh.nodes[rank].name),
                          word_of(report_.judged.states[rank]));
    }
  }

  void put_square(const MeshMeeting& meeting, int row, int column) {
    constexpr double kLeast = 2;  // that is seen
    const double size = std::max(cell_ - 1, kLeast);
    const auto name = [&](int rank) { return report_.mesh.nodes[static_cast<size_t>(rank)].name; };
    svg_ += fmt::format(
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"><title>{}"
        "</title></rect>\n",
        word_of(meeting.outcome.result), kMargin + at(column), kTop + at(row), size, size,
        xml_text(fmt::format("{} and {}: {} {}", name(meeting.one), name(meeting.other),
                             word_of(meeting.outcome.result), meeting.outcome.code)));
  }

  const MeshReport& report_;
  double cell_;
  std::vector<int> places_;
  int next_ = 0;
  std::string svg_;
};

}  // namespace

std::string render_mesh_svg(const MeshReport& report) {
  return Picture(report).draw();
}

}  // namespace efa
