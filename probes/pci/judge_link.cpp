// Judges the PCIe link of an EFA device beside those of its siblings. What max_link_* says is no
// measure: nobody has seen what a healthy EFA shows there, and a guest may be shown anything.

#include <fmt/core.h>

#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

#include "probes/pci/checks.h"
#include "probes/pci/link.h"

namespace efa {
namespace {

// 0: not told.
struct Link {
  double gigatransfers = 0;
  int width = 0;

  [[nodiscard]] bool is_told() const { return gigatransfers > 0 || width > 0; }
  bool operator<(const Link& other) const {
    return std::pair(gigatransfers, width) < std::pair(other.gigatransfers, other.width);
  }
};

// "16.0 GT/s PCIe" -> 16.0; "Unknown" -> 0
double gigatransfers_of(const std::string& speed) {
  constexpr double kMost = 1000;  // PCIe 7.0 has 128
  const size_t space = speed.find(' ');
  if (space == std::string::npos) return 0;
  const std::string number = speed.substr(0, space);
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end);
  return end != number.c_str() && value > 0 && value < kMost ? value : 0;
}

Link link_of(const PciFunction& function) {
  constexpr int kWidest = 32;  // 63 and 255 are all ones of a dead device
  if (!function.link || is_dead(function)) return {};
  const int width = function.link->width.value_or(0);
  return {gigatransfers_of(function.link->speed), width > 0 && width <= kWidest ? width : 0};
}

// The link that more than half of the devices of that id have; none where no link is so frequent:
// which of two is the right one does not show then.
std::optional<Link> usual_link(const PciFacts& facts, const std::string& id) {
  std::map<Link, int> counts;
  for (const PciFunction& function : facts.efa) {
    const Link link = link_of(function);
    if (function.device == id && link.is_told()) ++counts[link];
  }
  int told = 0;
  for (const auto& [link, count] : counts) told += count;
  for (const auto& [link, count] : counts) {
    if (2 * count > told) return link;
  }
  return std::nullopt;
}

// "16.0 GT/s x8", without what is not told
std::string words_of(const Link& link) {
  std::string words;
  if (link.gigatransfers > 0) words = fmt::format("{:.1f} GT/s", link.gigatransfers);
  if (link.width > 0) words += fmt::format("{}x{}", words.empty() ? "" : " ", link.width);
  return words;
}

// The file of the half that the others tell and this one does not; "" when there is none.
std::string untold_half(const Link& link, const Link& usual) {
  if (usual.gigatransfers > 0 && !(link.gigatransfers > 0)) return "current_link_speed";
  return usual.width > 0 && link.width == 0 ? "current_link_width" : "";
}

}  // namespace

bool is_dead(const PciFunction& function) {
  return function.config == "ffffffff";
}

bool tells_link(const PciFunction& function) {
  return link_of(function).is_told();
}

void judge_link(const PciFacts& facts, const PciFunction& function, Findings& findings) {
  const Check& check = kPciNarrowLink;
  const std::string subject = function.address.to_text();
  const Link link = link_of(function);
  if (const Unseen* unseen = function.link.unreadable()) {
    findings.unknown(check, subject, fmt::format("{}: {}", unseen->what, unseen->reason));
    return;
  }
  if (!link.is_told()) {
    findings.not_applicable(check, subject, "shows no PCIe link");
    return;
  }
  const auto most = usual_link(facts, function.device);
  const std::string source = "/sys/bus/pci/devices/" + subject + "/current_link_*";
  if (!most) {
    findings.unknown(check, subject,
                     fmt::format("PCIe link runs at {}; those of its siblings differ, and none is "
                                 "that of most",
                                 words_of(link)),
                     {words_of(link), "", source});
    return;
  }
  const Link& usual = *most;
  const Evidence evidence{words_of(link), words_of(usual), source};
  const bool narrower = (link.gigatransfers > 0 && link.gigatransfers < usual.gigatransfers) ||
                        (link.width > 0 && link.width < usual.width);
  if (narrower) {
    findings.fail(check, subject,
                  fmt::format("PCIe link runs at {}, those of its siblings at {}",
                              evidence.observed, evidence.expected),
                  evidence);
  } else if (const std::string half = untold_half(link, usual); !half.empty()) {
    findings.unknown(
        check, subject, fmt::format("{} tells nothing, those of its siblings do", half),
        {evidence.observed, evidence.expected, "/sys/bus/pci/devices/" + subject + "/" + half});
  } else {
    findings.pass(check, subject, "PCIe link runs at " + evidence.observed, evidence);
  }
}

}  // namespace efa
