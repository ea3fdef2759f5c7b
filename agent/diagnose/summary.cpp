#include "agent/diagnose/summary.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"
#include "probes/judging/table.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

using SomeFindings = std::vector<const Finding*>;

// Of a device that is well itself: it is lost only because another one is sick in that way.
bool is_taken_along(const std::vector<Finding>& findings, const std::string& cause,
                    const PciAddress& address) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.check->rung == Rung::kFabric && finding.explained_by == cause &&
           finding.subject == address.to_text();
  });
}

// One sick device can take the healthy ones along: libfabric then lists none.
std::string fabric_words(const Diagnosis& diagnosis) {
  const std::string& cause = diagnosis.root_causes.front();
  const Check* check = find_check(cause);
  if (check == nullptr || !check->takes_neighbours) return "";
  for (const FunnelStage& stage : diagnosis.funnel) {
    if (stage.rung != Rung::kFabric || stage.count != 0 || stage.lost.empty()) continue;
    const bool all = std::all_of(stage.lost.begin(), stage.lost.end(), [&](const PciAddress& one) {
      return is_taken_along(diagnosis.findings, cause, one);
    });
    const size_t healthy = stage.lost.size();
    if (!all) return "";
    return healthy == 1
               ? "; libfabric therefore does not offer the other device either"
               : fmt::format("; libfabric therefore offers none of the {} other devices", healthy);
  }
  return "";
}

// How many of how many devices work, as far as was looked.
struct Scale {
  int working = 0;
  int all = 0;
  std::optional<Rung> highest;  // that was looked at
};

Scale scale_of(const Diagnosis& diagnosis) {
  Scale scale;
  for (const FunnelStage& stage : diagnosis.funnel) {
    if (stage.at_least) continue;  // of the others it is not known
    const int count = stage.count.value_or(0);
    if (stage.rung == Rung::kExpected) scale.all = count;
    if (stage.rung == Rung::kPci && stage.count && !diagnosis.expectation.given) {
      scale.all = std::max(scale.all, count + static_cast<int>(stage.lost.size()));
    }
    if (stage.rung < Rung::kPci || !stage.count) continue;
    scale.working = count;
    scale.highest = stage.rung;
  }
  scale.all = std::max(scale.all, scale.working);
  return scale;
}

// No more is said to work than was looked at.
std::string words_of(const Scale& scale, bool live) {
  const std::string devices =
      fmt::format("{} of {} EFA device{}", scale.working, scale.all, scale.all == 1 ? "" : "s");
  const char* ending = scale.all == 1 ? "s" : "";
  if (scale.working == 0 || (live && scale.highest >= Rung::kFabric)) {
    return fmt::format("{} work{}", devices, ending);
  }
  if (!live) return fmt::format("{} look{} well in the files", devices, ending);
  return fmt::format("{} {} well up to {}, libfabric could not be asked", devices,
                     scale.all == 1 ? "is" : "are", rung_text(*scale.highest));
}

SomeFindings roots_of(const std::vector<Finding>& findings, const std::string& code) {
  SomeFindings roots;
  for (const Finding& finding : findings) {
    const bool root = finding.result == FindingResult::kFail && finding.explained_by.empty();
    if (finding.check->code == code && root) roots.push_back(&finding);
  }
  return roots;
}

// "An EFA device" -> "an EFA device"; "PCIe" and "NVIDIA" stay.
std::string within_a_sentence(std::string_view title) {
  std::string text(title);
  const bool word =
      text.size() > 1 && (text[1] == ' ' || lower_case(text.substr(1, 1)) == text.substr(1, 1));
  if (word) text[0] = lower_case(text.substr(0, 1)).front();
  return text;
}

// What is wrong with every device is said of none.
std::string words_of(const SomeFindings& roots, int devices) {
  if (roots.empty()) return "";
  const Finding& first = *roots.front();
  const bool same = std::all_of(roots.begin(), roots.end(),
                                [&](const Finding* one) { return one->message == first.message; });
  const bool all = devices > 1 && roots.size() == static_cast<size_t>(devices);
  if (first.subject == kNodeSubject || (all && same)) return first.message;
  if (all && !first.check->title.empty()) return within_a_sentence(first.check->title);
  return fmt::format("{}: {}{}", first.subject, first.message,
                     roots.size() > 1 ? fmt::format(" (and {} more)", roots.size() - 1) : "");
}

std::string cause_words(const Diagnosis& diagnosis, int devices) {
  const SomeFindings roots = roots_of(diagnosis.findings, diagnosis.root_causes.front());
  const size_t more = diagnosis.root_causes.size() - 1;
  const std::string causes =
      more > 0 ? fmt::format("; {} other cause{}", more, more > 1 ? "s" : "") : "";
  return words_of(roots, devices) + causes + fabric_words(diagnosis);
}

std::string failing_words(const Node& node, const Diagnosis& diagnosis) {
  const Scale scale = scale_of(diagnosis);
  const bool told = scale.highest && scale.all > 0;
  std::string devices = told ? words_of(scale, node.live) : "";
  if (diagnosis.root_causes.empty()) return devices;
  std::string cause = cause_words(diagnosis, scale.all);
  if (!told) return cause;
  return devices + (scale.working < scale.all ? ": " : ", but ") + cause;
}

// Nothing can be said without them: their path, and what brings them.
std::string missing_files(const Node& node) {
  const bool pci = node.pci.outcome.status == ProbeStatus::kOk && !node.pci.facts.functions;
  const bool kernel = node.kernel.outcome.status == ProbeStatus::kOk && !node.kernel.facts.release;
  if (!pci && !kernel) return "";
  return fmt::format(
      "{} cannot be read: {}", pci ? "/sys/bus/pci/devices" : "/proc/sys/kernel/osrelease",
      node.live ? "mount /sys and /proc; a container is given the machine's"
                : "the files of a machine need its /sys and /proc; efa-doctor record on it keeps "
                  "what is needed");
}

std::string blind_words(const Node& node, const Diagnosis& diagnosis) {
  const std::string missing = missing_files(node);
  if (!missing.empty()) return "could not look: " + missing;
  for (const Finding& finding : diagnosis.findings) {
    const bool blind =
        finding.result == FindingResult::kUnknown && finding.check->severity == Severity::kCritical;
    if (!blind) continue;
    const bool of_node = finding.subject == kNodeSubject;
    return fmt::format("could not look: {}{}", of_node ? "" : finding.subject + ": ",
                       finding.message);
  }
  return "could not look: the devices of this machine cannot be read";
}

}  // namespace

std::string summary_of(const Node& node, const Diagnosis& diagnosis) {
  switch (diagnosis.verdict) {
    case Verdict::kHealthy:
      return words_of(scale_of(diagnosis), node.live);
    case Verdict::kNotApplicable:
      return "no EFA is expected: " + diagnosis.expectation.why;
    case Verdict::kUnknown:
      return blind_words(node, diagnosis);
    default:
      return failing_words(node, diagnosis);
  }
}

}  // namespace efa
