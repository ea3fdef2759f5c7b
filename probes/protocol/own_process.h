// Asks several devices at once, each in a process of its own, because a dead device blocks its
// caller up to 30 s in the kernel, beyond any signal, and must not cost its neighbours' answers.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "probes/protocol/emitter.h"
#include "probes/protocol/probe_main.h"

namespace efa {

// Runs ask(subject, out) in a child for each subject; what it emits is passed on line by line.
// A child that says nothing more until `limit` is killed and, when that does not end it, left
// behind; then, and when it crashed, one {"add":"asked","value":{subject, status, step}} tells.
struct Asked {
  std::string subject;
  std::string status;  // "ok", "hung", "crashed", "skipped" (an older process still hangs on it)
  std::string step;    // the last step it announced, unless ok
  std::string detail;  // the signal of a crash
};

template <class Io>
void describe(Io& io, Asked& asked) {
  io("subject", asked.subject);
  io("status", asked.status);
  io("step", asked.step);
  io("detail", asked.detail);
}

void ask_each_in_own_process(const Look& look, const std::vector<std::string>& subjects,
                             const std::function<void(const std::string&, const Emitter&)>& ask);

}  // namespace efa
