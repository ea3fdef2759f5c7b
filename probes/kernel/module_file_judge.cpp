// Judges the file of a module efa that is not loaded: was it built for this kernel and its RDMA
// stack, has it the signature that the kernel demands, and the support that SUSE's modprobe does.
// Interface: what modinfo(8) shows of it, and the kernel's words when it refused it.

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "probes/base/text.h"
#include "probes/judging/loaded_driver.h"
#include "probes/judging/node.h"
#include "probes/kernel/checks.h"
#include "probes/kernel/loading_checks.h"
#include "probes/kernel/loading_judge.h"
#include "probes/kernel/version_judge.h"

namespace efa {
namespace {

// Of efa itself, not of what it needs: kernel/module/main.c, kernel/bpf/btf.c.
bool names_efa(const LogMessage& message) {
  constexpr std::string_view kBegins[] = {
      "efa: ", "module efa: ", "failed to validate module [efa]"};
  return std::any_of(std::begin(kBegins), std::end(kBegins),
                     [&](std::string_view begin) { return message.text.starts_with(begin); });
}

// What it does not say was not said: a log that has lost its oldest lines tells of no try at boot.
bool is_whole(const LogFacts& log) {
  return log.total && !log.lost_oldest;
}

// What the kernel said of the module when it refused it last.
const LogMessage* refusal(const Node& node) {
  const LogMessage* last = nullptr;
  for (const LogMessage& message : node.log.facts.messages) {
    if (message.kind != LogKind::kModuleRefused || !names_efa(message)) continue;
    if (last == nullptr || !tells_less(message, *last)) last = &message;
  }
  return last;
}

// "" where DKMS has none, or there is another stack to build against.
std::string build_command(const KernelFacts& facts) {
  const std::string newest = newest_of_dkms(facts);
  if (newest.empty() || facts.ofed) return "";
  return fmt::format(
      "sudo dkms build --force {0} -k \"$(uname -r)\" && sudo dkms install --force {0} -k "
      "\"$(uname -r)\" && sudo modprobe efa",
      newest);
}

// A symbol that no module here has is of another kernel or RDMA stack when it is of RDMA; another
// one may be of a module that was not loaded first (insmod, modules.dep that is old).
bool is_missed_dependency(const LogMessage& message) {
  constexpr std::string_view kOfRdma[] = {"ib_",    "_ib_",    "__ib_",    "rdma_",
                                          "_rdma_", "uverbs_", "_uverbs_", "ibdev_"};
  constexpr std::string_view kBegin = ": Unknown symbol ";
  const size_t at = message.text.find(kBegin);
  if (at == std::string::npos || message.text.find("(err -2)") == std::string::npos) return false;
  const std::string_view symbol = std::string_view(message.text).substr(at + kBegin.size());
  return std::none_of(std::begin(kOfRdma), std::end(kOfRdma),
                      [&](std::string_view prefix) { return symbol.starts_with(prefix); });
}

std::string why_unreadable(const Reading<ModuleFile>& file) {
  const Unseen* unseen = file.unreadable();
  return unseen == nullptr ? "the module's file was not found"
                           : fmt::format("{}: {}", unseen->what, unseen->reason);
}

// The module beside the kernel's release. Where it has versions of its symbols, the kernel goes by
// these (same_magic of kernel/module/main.c); before a link in weak-updates was made they were
// compared (weak-modules of kmod).
enum class Fit { kNotTold, kWhole, kBySymbols, kNone };

Fit fit_of(const KernelFacts& facts) {
  const Reading<ModuleFile>& file = facts.module_on_disk;
  const std::vector<std::string> magic = words(file ? file->vermagic.value_or("") : "");
  if (magic.empty() || !facts.release || !facts.module_file) return Fit::kNotTold;
  if (magic.front() == *facts.release) return Fit::kWhole;
  if (!is_one_of("modversions", magic)) return Fit::kNone;
  const bool compared = facts.module_file->find("weak-updates/") != std::string::npos;
  return compared ? Fit::kWhole : Fit::kBySymbols;
}

std::string words_of_magic(const KernelFacts& facts) {
  return "the module's file was built for " + words(*facts.module_on_disk->vermagic).front();
}

Evidence evidence_of_magic(const KernelFacts& facts) {
  return {*facts.module_on_disk->vermagic, *facts.release, "vermagic of " + *facts.module_file};
}

// By the module's file alone: nothing tells of a try.
void judge_magic(const Node& node, Findings& findings) {
  const Check& check = kKernelDriverMismatch;
  const KernelFacts& facts = node.kernel.facts;
  const Reading<ModuleFile>& file = facts.module_on_disk;
  const Fit fit = fit_of(facts);
  if (fit == Fit::kWhole) {
    findings.pass(check, kNodeSubject, words_of_magic(facts), evidence_of_magic(facts));
  } else if (fit == Fit::kBySymbols) {
    findings.unknown(
        check, kNodeSubject,
        words_of_magic(facts) + "; only a try shows whether its symbols fit this kernel",
        evidence_of_magic(facts));
  } else if (file || file.unreadable() != nullptr) {
    findings.unknown(check, kNodeSubject,
                     "which kernel the module was built for: " +
                         (file ? "its file does not tell" : why_unreadable(file)));
  } else {
    say_unread_log(check, node, findings);
  }
}

void judge_symbols(const Node& node, Findings& findings) {
  const Check& check = kKernelDriverMismatch;
  const LogMessage* message = refusal(node);
  if (message != nullptr && is_missed_dependency(*message)) {
    findings.unknown(
        check, kNodeSubject,
        message->text + ": of a module that was not loaded first, or of another kernel",
        {message->text, "no refusal", "kernel log"}, {"sudo depmod -a && sudo modprobe efa", ""});
  } else if (message != nullptr) {
    const std::string beside =
        node.kernel.facts.ofed ? "; MLNX_OFED lies beside the kernel's RDMA stack" : "";
    findings.fail(check, kNodeSubject, "the kernel refused it: " + message->text + beside,
                  {message->text, "no refusal", "kernel log"},
                  {build_command(node.kernel.facts), ""});
  } else if (fit_of(node.kernel.facts) == Fit::kNone) {
    findings.fail(check, kNodeSubject,
                  words_of_magic(node.kernel.facts) + ", not for " + *node.kernel.facts.release,
                  evidence_of_magic(node.kernel.facts), {build_command(node.kernel.facts), ""});
  } else if (is_whole(node.log.facts)) {
    findings.pass(check, kNodeSubject, "the kernel log has no word of a refusal",
                  {"none", "none", "kernel log"});
  } else if (node.live && !node.log.facts.total) {
    say_unread_log(check, node, findings);
  } else {
    judge_magic(node, findings);
  }
}

// What the kernel said last of a signature that it did not take, or that was missing. That a file
// has none is not said of efa's where that has one.
const LogMessage* refused_signature(const Node& node) {
  const Reading<ModuleFile>& file = node.kernel.facts.module_on_disk;
  const bool has_signature = file && file->has_signature;
  const LogMessage* last = nullptr;
  for (const LogMessage& message : node.log.facts.messages) {
    const bool of_another = message.text.starts_with("efa_nv_peermem") ||
                            (message.kind == LogKind::kModuleUnsigned && has_signature);
    if (tells_of_signature(message) && !of_another) last = &message;
  }
  return last;
}

// Whether what is said of the node so far tells why efa is not loaded.
bool is_explained(const Findings& findings) {
  return std::any_of(findings.all().begin(), findings.all().end(), [](const Finding& finding) {
    return finding.result == FindingResult::kFail &&
           is_one_of(finding.check->code, kKernelDriverNotLoaded.causes);
  });
}

// A signature is worth what the kernel's keys make of it: only its log tells, mostly without the
// module's name.
void judge_key(const Node& node, Findings& findings) {
  const Check& check = kKernelDriverUnsigned;
  const LogMessage* message = refused_signature(node);
  const Evidence refused{message != nullptr ? message->text : "",
                         "a key of the kernel, the firmware or MOK", "kernel log"};
  if (message != nullptr && !names_efa(*message) && is_explained(findings)) {
    findings.unknown(check, kNodeSubject,
                     "the kernel refused a module for its signature, and does not say which; "
                     "something else keeps efa out",
                     refused);
  } else if (message != nullptr) {
    findings.fail(check, kNodeSubject,
                  "signatures are demanded, and the kernel did not take efa's: " + message->text,
                  refused);
  } else if (is_whole(node.log.facts)) {
    findings.pass(check, kNodeSubject,
                  "the module's file has a signature, and the kernel log no word against its key");
  } else {
    say_unread_log(check, node, findings);
  }
}

void judge_signature(const Node& node, Findings& findings) {
  const Check& check = kKernelDriverUnsigned;
  const KernelFacts& facts = node.kernel.facts;
  const std::string lockdown = facts.lockdown.value_or("none");
  const LogMessage* refused = refused_signature(node);
  const bool enforced =
      facts.signatures_enforced == true || lockdown != "none" || refused != nullptr;
  const Reading<ModuleFile>& file = facts.module_on_disk;
  const Evidence evidence{
      refused != nullptr
          ? refused->text
          : fmt::format("lockdown {}, {}", lockdown, file ? "a file without signature" : "no file"),
      "a signature, or none demanded",
      "/sys/kernel/security/lockdown, module.sig_enforce, kernel log, " +
          facts.module_file.value_or("efa.ko")};
  if (const Unseen* unseen = facts.signatures_enforced.unreadable(); !enforced && unseen) {
    findings.unknown(check, kNodeSubject, fmt::format("{}: {}", unseen->what, unseen->reason));
  } else if (!enforced && !facts.lockdown && !facts.signatures_enforced) {
    findings.not_applicable(check, kNodeSubject, "whether signatures are demanded does not show");
  } else if (!enforced) {
    findings.pass(check, kNodeSubject, "the kernel demands no signature");
  } else if (!file && refused == nullptr) {
    findings.unknown(check, kNodeSubject, "signatures are demanded; " + why_unreadable(file));
  } else if (!file || file->has_signature) {
    judge_key(node, findings);
  } else {
    findings.fail(check, kNodeSubject, "signatures are demanded, and the module's file has none",
                  evidence);
  }
}

// The line that says no: modprobe keeps what it was told last.
const std::string* refusing_line(const KernelFacts& facts) {
  if (facts.support_lines.empty() || facts.support_lines.back().ends_with(" 1")) return nullptr;
  return &facts.support_lines.back();
}

void judge_support(const KernelFacts& facts, Findings& findings) {
  const Check& check = kKernelDriverUnsupported;
  const std::string* line = refusing_line(facts);
  const std::optional<Unseen>& unread = facts.modprobe_unseen;  // it may hold a later line
  const Reading<ModuleFile>& file = facts.module_on_disk;
  if (line == nullptr) {
    findings.not_applicable(check, kNodeSubject, "modprobe is not told to refuse such modules");
  } else if (!file || unread) {
    const std::string why =
        file ? fmt::format("{}: {}", unread->what, unread->reason) : why_unreadable(file);
    findings.unknown(check, kNodeSubject,
                     fmt::format("refused where unsupported ({}); {}", *line, why));
  } else if (file->is_supported) {
    findings.pass(check, kNodeSubject, "SUSE or a partner supports the module");
  } else {
    findings.fail(check, kNodeSubject, "efa is not marked as supported, and " + *line,
                  {*line, "allow_unsupported_modules 1, or a supported module", "modprobe.d"});
  }
}

}  // namespace

void judge_module_file(const Node& node, Findings& findings) {
  judge_symbols(node, findings);
  judge_support(node.kernel.facts, findings);
  judge_signature(node, findings);  // last: by what else is said
}

}  // namespace efa
