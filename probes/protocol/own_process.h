// Asks several devices at once, each in a process of its own, because a dead device blocks its
// caller up to 30 s in the kernel, beyond any signal, and must not cost its neighbours' answers.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "probes/base/time_spent.h"
#include "probes/protocol/emitter.h"
#include "probes/protocol/probe_main.h"

namespace efa {

// Runs ask(subject, out) in a child for each subject; what it emits is passed on line by line.
// One that the driver holds until the device's deadline hangs; one that is only slow has until the
// probe's own. Then it is killed and, where the driver holds it, left behind. How it ended is told
// by {"add":"asked","value":{subject, status, ...}}.
struct Asked {
  std::string subject;
  // "ok", "hung": the driver holds it; "slow": time ran out without that proof; "crashed";
  // "skipped": the driver still holds the process of an earlier pass
  std::string status;
  std::string step;                // the last step it announced, unless ok
  std::string detail;              // the signal of a crash
  std::optional<TimeSpent> spent;  // of one that is hung or slow
};

template <class Io>
void describe(Io& io, Asked& asked) {
  io("subject", asked.subject);
  io("status", asked.status);
  io("step", asked.step);
  io("detail", asked.detail);
  io("spent", asked.spent);
}

void ask_each_in_own_process(const Look& look, const std::vector<std::string>& subjects,
                             const std::function<void(const std::string&, const Emitter&)>& ask);

}  // namespace efa
