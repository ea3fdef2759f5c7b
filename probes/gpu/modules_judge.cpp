#include "probes/gpu/modules_judge.h"

#include <algorithm>
#include <iterator>

#include "probes/gpu/checks.h"
#include "probes/gpu/ways.h"

namespace efa {
namespace {

// kernel/module/version.c: with the first it is loaded all the same, with the second refused.
constexpr const char* kStaleWords[] = {
    "efa_nv_peermem: no symbol version for nvidia_p2p_",
    "efa_nv_peermem: disagrees about version of symbol nvidia_p2p_"};

bool says_stale(const LogMessage& message) {
  return std::any_of(std::begin(kStaleWords), std::end(kStaleWords),
                     [&](const char* words) { return message.text.starts_with(words); });
}

// All that the kernel has said of it since boot is there.
bool is_log_whole(const Seen<LogFacts>& log) {
  return log.outcome.status == ProbeStatus::kOk && log.facts.total == log.facts.messages.size();
}

}  // namespace

void judge_peermem_stale(const Node& node, Findings& findings) {
  const Check& check = kGpuPeermemStale;
  const std::vector<LogMessage>& messages = node.log.facts.messages;
  const auto said = std::find_if(messages.rbegin(), messages.rend(), says_stale);
  const Reading<std::string>& module = node.gpu.facts.modules.efa_nv_peermem;
  const Evidence evidence{said == messages.rend() ? "" : said->text, "no such message",
                          "kernel log"};
  if (said != messages.rend()) {
    findings.fail(check, kNodeSubject, "it was built for another NVIDIA driver", evidence);
  } else if (!module && module.unreadable() == nullptr) {
    findings.not_applicable(check, kNodeSubject, "efa_nv_peermem is not loaded", evidence);
  } else if (!is_log_whole(node.log)) {
    findings.unknown(check, kNodeSubject, "not all of the kernel log could be read", evidence);
  } else {
    findings.pass(check, kNodeSubject, "the kernel log says nothing against it", evidence);
  }
}

// Other modules ask NVIDIA's driver for pages too: said of the one efa that is known to do it
// wrong.
void judge_misaligned(const Node& node, Findings& findings) {
  const Check& check = kGpuRangeMisaligned;
  const LogFacts& log = node.log.facts;
  const Reading<std::string>& efa = node.gpu.facts.modules.efa;
  const auto version = version_of(efa);
  const bool logged = log.accelerators.contains(kRangeMisaligned);
  const Evidence evidence{logged ? "address or length are not aligned" : "", "no such message",
                          "kernel log"};
  if (!version || version->numbers != kEfaMisaligns) {
    findings.not_applicable(check, kNodeSubject, "the loaded efa is not known to do so");
  } else if (logged) {
    findings.fail(check, kNodeSubject, "efa is " + *efa + ", and NVIDIA's driver refused a range",
                  evidence, {kNewestInstaller, "", "1.51.0"});  // has efa 3.3.1
  } else if (!log.total || log.lost_oldest) {
    findings.unknown(check, kNodeSubject, "not all of the kernel log could be read", evidence);
  } else {
    findings.pass(check, kNodeSubject, "NVIDIA's driver has refused no range", evidence);
  }
}

void judge_gdrcopy(const GpuFacts& facts, Findings& findings) {
  const Check& check = kGpuGdrcopyFlavour;
  const auto words_of = [](bool open) { return open ? "opensource" : "proprietary"; };
  const Evidence evidence{facts.gdrdrv_open ? words_of(*facts.gdrdrv_open) : "",
                          facts.nvidia_open ? words_of(*facts.nvidia_open) : "unknown",
                          "/proc/driver/gdrdrv/params, /proc/driver/nvidia/version"};
  if (!facts.gdrdrv_open) {
    findings.not_applicable(check, kNodeSubject, "no gdrdrv says for which it was built", evidence);
  } else if (!facts.nvidia_open) {
    findings.unknown(check, kNodeSubject, "the NVIDIA driver's flavour could not be read",
                     evidence);
  } else if (*facts.gdrdrv_open != *facts.nvidia_open) {
    findings.fail(check, kNodeSubject,
                  "it was built for the " + evidence.observed + " modules, and the " +
                      evidence.expected + " ones are loaded",
                  evidence);
  } else {
    findings.pass(check, kNodeSubject, "it was built for the modules that are loaded", evidence);
  }
}

}  // namespace efa
