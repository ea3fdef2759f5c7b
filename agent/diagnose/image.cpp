#include "agent/diagnose/image.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <tuple>

#include "agent/diagnose/gravity.h"
#include "probes/base/text.h"
#include "probes/fabric/checks.h"
#include "probes/judging/remedy.h"
#include "probes/kernel/checks.h"
#include "probes/kernel/loading_checks.h"
#include "probes/kernel/unblock.h"
#include "probes/limits/checks.h"
#include "probes/software/checks.h"
#include "probes/verbs/checks.h"

namespace efa {
namespace {

// By layer: the driver, its loading, the libraries, the limits.
constexpr const Check* kOfKernels[] = {
    &kKernelDriverNotInstalled, &kKernelUverbsNotInstalled, &kKernelDriverMismatch,
    &kKernelDriverUnsigned,     &kKernelDriverBlocked,      &kKernelDriverUnsupported,
    &kKernelModulesDisabled,    &kKernelOtherRdmaStack,     &kSoftwarePeermemConf};
constexpr const Check* kOfTheRest[] = {
    &kVerbsNotInstalled,         &kVerbsDoesNotLoad,       &kFabricNotInstalled,
    &kFabricNoEfaProvider,       &kFabricDoesNotLoad,      &kFabricCrashes,
    &kSoftwareInstallerOld,      &kSoftwareLibfabricOrder, &kSoftwareNcclPlugin,
    &kSoftwareRdmaCore,          &kLimitsMemlockLow,       &kLimitsHugePagesFew,
    &kLimitsContainerMemlockLow, &kLimitsPtraceRestricted};

// Of an image that is mounted no library is loaded: that its files are there must do.
struct LibraryRow {
  const Check* not_installed;
  const Check* does_not_load;
  const char* files[2];
};
constexpr LibraryRow kLibraries[] = {{.not_installed = &kVerbsNotInstalled,
                                      .does_not_load = &kVerbsDoesNotLoad,
                                      .files = {"libibverbs.so.1", "libefa.so.1"}},
                                     {.not_installed = &kFabricNotInstalled,
                                      .does_not_load = &kFabricDoesNotLoad,
                                      .files = {"libfabric.so.1", nullptr}}};

template <size_t N>
Findings those_of(const Check* const (&checks)[N]) {
  return Findings([&checks](const Finding& finding) {
    return std::any_of(std::begin(checks), std::end(checks),
                       [&](const Check* one) { return one->code == finding.check->code; });
  });
}

// Its commands are for the kernel that runs, or for a node: none may be pasted where an image that
// is mounted, or a kernel that does not run, is looked at.
void without_command(Finding& finding) {
  finding.command = {};
  finding.drain_first = false;
}

// A node that the image is for has a device, which its driver has not taken yet.
Node with_a_device(const Node& image) {
  Node node = image;
  PciFunction device;
  device.vendor = "0x1d0f";
  node.pci.facts.efa = {device};
  return node;
}

// Of "/etc/default/grub: module_blacklist=efa" the file.
std::vector<std::string> files_that_keep_out(const KernelFacts& kernel) {
  std::vector<std::string> files;
  for (const std::string& where : all_that_keeps_out(kernel)) {
    const std::string file = where.substr(0, where.find(": "));
    if (!is_one_of(file, files)) files.push_back(file);
  }
  return files;
}

void say_of_image(const KernelFacts& kernel, Finding& finding) {
  std::string what = "Put it right";
  if (finding.check->code == kKernelDriverBlocked.code) {
    const std::vector<std::string> files = files_that_keep_out(kernel);
    if (!files.empty()) what = "Take it out of " + join(files, " and ");
    std::string& source = finding.evidence.source;
    if (!source.empty()) source = "modprobe.d and the boot loader's configuration";
  }
  finding.subject = "kernel " + kernel.release.value_or("that was not told");
  finding.remedy = fmt::format("{} where the image is built; efa-doctor explain {} says how.", what,
                               finding.check->code);
}

void add_kernel(Node node, const Seen<KernelFacts>& kernel, const Expectation& expectation,
                std::vector<Finding>& all) {
  node.kernel = kernel;
  node.live = false;  // the log is that of the kernel that runs
  // The files are what is looked at, wherever that is done.
  node.limits.facts.container.reset();
  Findings findings = those_of(kOfKernels);
  judge_kernel(node, expectation, findings);
  judge_loading(node, expectation, findings);
  judge_software(node, expectation, findings);
  std::vector<Finding> found = findings.take();
  complete_remedies(node, found);
  for (Finding& finding : found) {
    without_command(finding);
    say_of_image(kernel.facts, finding);
    all.push_back(std::move(finding));
  }
}

const LibraryCopy* find_copy(const SoftwareFacts& facts, std::string_view name) {
  const auto found = std::find_if(facts.libraries.begin(), facts.libraries.end(),
                                  [&](const LibraryCopy& copy) { return copy.name == name; });
  return found == facts.libraries.end() ? nullptr : &*found;
}

void judge_files(const Node& image, const LibraryRow& row, Findings& findings) {
  if (image.software.outcome.status != ProbeStatus::kOk) {
    for (const Check* check : {row.not_installed, row.does_not_load}) {
      findings.unknown(*check, kNodeSubject, "the software on disk was not looked at");
    }
    return;
  }
  std::vector<std::string> found;
  std::vector<std::string> missing;
  for (const char* name : row.files) {
    if (name == nullptr) continue;
    const LibraryCopy* copy = find_copy(image.software.facts, name);
    if (copy == nullptr) {
      missing.emplace_back(name);
    } else {
      found.push_back(copy->path);
    }
  }
  const Evidence evidence{join(found, ", "), "",
                          "/etc/ld.so.cache, /opt/amazon/efa, the loader's directories"};
  if (!missing.empty()) {
    findings.fail(*row.not_installed, kNodeSubject, "not found: " + join(missing, ", "), evidence);
    findings.not_applicable(*row.does_not_load, kNodeSubject, "it is not there");
  } else {
    findings.pass(*row.not_installed, kNodeSubject, "found: " + join(found, ", "), evidence);
    findings.unknown(*row.does_not_load, kNodeSubject,
                     "libraries are loaded only by a program in the image itself");
  }
}

// Of a node an info, as containers bring their own: who makes an image can still add it.
bool weighs_more_of_image(const Check& check) {
  return std::any_of(std::begin(kLibraries), std::end(kLibraries),
                     [&](const LibraryRow& row) { return row.not_installed->code == check.code; });
}

void add_rest(const Node& node, const Expectation& expectation, std::vector<Finding>& all) {
  Findings findings = those_of(kOfTheRest);
  judge_verbs(node, expectation, findings);
  judge_fabric(node, expectation, findings);
  judge_software(node, expectation, findings);
  judge_limits(node, expectation, findings);
  if (!node.live) {
    for (const LibraryRow& row : kLibraries) judge_files(node, row, findings);
  }
  std::vector<Finding> found = findings.take();
  complete_remedies(node, found);
  for (Finding& finding : found) {
    if (!node.live) without_command(finding);
    if (weighs_more_of_image(*finding.check)) {
      finding.check = weighed(finding.check, Severity::kWarning);
    }
    all.push_back(std::move(finding));
  }
}

Verdict verdict_of_image(const std::vector<Finding>& findings) {
  if (any(findings, FindingResult::kFail, Severity::kCritical)) return Verdict::kUnhealthy;
  if (any(findings, FindingResult::kUnknown, Severity::kCritical)) return Verdict::kUnknown;
  if (any(findings, FindingResult::kFail, Severity::kWarning)) return Verdict::kDegraded;
  return Verdict::kHealthy;
}

bool is_of_loading(const Check& check) {
  return std::any_of(std::begin(kLibraries), std::end(kLibraries),
                     [&](const LibraryRow& row) { return row.does_not_load->code == check.code; });
}

// Nothing that weighs in the verdict; who reads that all is well shall know of it.
std::string unseen_words(const std::vector<Finding>& findings, bool live) {
  std::set<std::string> codes;
  for (const Finding& finding : findings) {
    const bool weighs = finding.check->severity != Severity::kInfo;
    const bool told = !live && is_of_loading(*finding.check);
    if (finding.result == FindingResult::kUnknown && weighs && !told) {
      codes.emplace(finding.check->code);
    }
  }
  const std::string unseen =
      codes.empty() ? "" : "; not looked at: " + join({codes.begin(), codes.end()}, ", ");
  return (live ? "" : "; libraries were not loaded") + unseen;
}

// What a site has made an info of.
std::string missing_words(const std::vector<Finding>& findings) {
  std::vector<std::string> codes;
  for (const Finding& finding : findings) {
    const bool missing =
        finding.result == FindingResult::kFail && weighs_more_of_image(*finding.check);
    if (missing) codes.emplace_back(finding.check->code);
  }
  return codes.empty() ? "" : fmt::format(" (but see {})", join(codes, ", "));
}

std::string summary_of_image(const Diagnosis& diagnosis, size_t kernels, bool live) {
  const auto first = [&](FindingResult result, auto&& is_it) -> std::string {
    for (const Finding& finding : diagnosis.findings) {
      if (finding.result != result || !is_it(finding)) continue;
      return fmt::format("{}: {}", finding.subject, finding.message);
    }
    return "";
  };
  if (diagnosis.verdict == Verdict::kHealthy) {
    const std::vector<Finding>& findings = diagnosis.findings;
    return fmt::format("{}{}, for {} kernel{}{}",
                       live ? "the image has what EFA needs" : "what was looked at is there",
                       missing_words(findings), kernels, kernels == 1 ? "" : "s",
                       unseen_words(findings, live));
  }
  if (diagnosis.verdict == Verdict::kUnknown) {
    return "could not look: " + first(FindingResult::kUnknown, [](const Finding& finding) {
             return finding.check->severity == Severity::kCritical;
           });
  }
  return first(FindingResult::kFail, [&](const Finding& finding) {
    return finding.check->code == diagnosis.root_causes.front();
  });
}

}  // namespace

Diagnosis diagnose_image(const Node& image, const std::vector<Seen<KernelFacts>>& kernels,
                         const Weights& weights) {
  Expectation expectation;
  expectation.expected = true;
  Diagnosis diagnosis;
  std::vector<Finding>& findings = diagnosis.findings;
  const Node node = with_a_device(image);
  for (const Seen<KernelFacts>& kernel : kernels) add_kernel(node, kernel, expectation, findings);
  if (kernels.empty()) {
    Findings none;
    none.unknown(kKernelDriverNotInstalled, kNodeSubject, "no kernel was found in /lib/modules");
    findings = none.take();
  }
  add_rest(node, expectation, findings);
  weigh(findings, weights);
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.check->code, a.subject) < std::tie(b.check->code, b.subject);
  });
  diagnosis.expectation.why = "an image has no EFA devices";
  diagnosis.expectation.weights = weights;
  diagnosis.funnel = {FunnelStage{.rung = Rung::kExpected}};
  diagnosis.verdict = verdict_of_image(findings);
  diagnosis.root_causes = root_causes_of(findings);
  diagnosis.summary = summary_of_image(diagnosis, kernels.size(), image.live);
  return diagnosis;
}

}  // namespace efa
