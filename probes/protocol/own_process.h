// Asks several devices in processes of their own, because a dead device blocks its caller up to
// 30 s in the kernel, beyond any signal, and must not cost its neighbours' answers.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "probes/base/time_spent.h"
#include "probes/base/word.h"
#include "probes/protocol/emitter.h"
#include "probes/protocol/probe_main.h"

namespace efa {

// What ask(subject, out) emits in a child is passed on when that subject is through.
// One that the driver holds until the device's deadline hangs; one that is only slow has until the
// probe's own. Then it is killed and, where the driver holds it, left behind. How it ended is told
// by {"add":"asked","value":{subject, status, ...}}.
enum class AskedStatus {
  kOk,
  kHung,  // the driver holds it
  kSlow,  // time ran out without that proof
  kCrashed,
  kSkipped,  // the driver still holds the process of an earlier pass
};

template <>
struct Words<AskedStatus> {
  static constexpr EnumWord<AskedStatus> kTable[] = {{AskedStatus::kOk, "ok"},
                                                     {AskedStatus::kHung, "hung"},
                                                     {AskedStatus::kSlow, "slow"},
                                                     {AskedStatus::kCrashed, "crashed"},
                                                     {AskedStatus::kSkipped, "skipped"}};
};

struct Asked {
  std::string subject;
  AskedStatus status = AskedStatus::kSlow;  // where it is not told nobody is to blame
  std::string step;                         // the last step it announced, unless ok
  std::string detail;                       // the signal of a crash
  std::optional<TimeSpent> spent;           // of one that is hung or slow
};

template <class Io>
void describe(Io& io, Asked& asked) {
  io("subject", asked.subject);
  io("status", asked.status);
  io("step", asked.step);
  io("detail", asked.detail);
  io("spent", asked.spent);
}

using Ask = std::function<void(const std::string& subject, const Emitter& out)>;

// All at once, each in a process.
void ask_each_in_own_process(const Look& look, const std::vector<std::string>& subjects,
                             const Ask& ask);

// One after the other in one process, which is enough where all answer; what it has not answered
// within moments, or when it crashes, is asked as above, but for the one that it is at.
void ask_each(const Look& look, const std::vector<std::string>& subjects, const Ask& ask);

}  // namespace efa
