// Tells the facts of a described struct as they become known, so that a probe that hangs has told
// what it got before:
//
//   Telling<KernelFacts> telling(look.out);
//   read_identity(look, facts);
//   telling.so_far(facts);
//   ...
//   telling.all(facts);
#pragma once

#include <string>

#include "probes/protocol/emitter.h"

namespace efa {

template <class T>
class Telling {
 public:
  explicit Telling(const Emitter& out) : out_(out) {}

  // Those that say something, and that are new or another since they were told.
  void so_far(const T& facts) { tell(facts, blank_); }
  // The others too: that there is nothing is now known.
  void all(const T& facts) { tell(facts, Value(Object{})); }

 private:
  void tell(const T& facts, const Value& without) {
    const Value value = to_value(facts);
    for (const auto& [fact, member] : *value.template as<Object>()) {
      const Value* before = told_.find(fact);
      if (before == nullptr) before = without.find(fact);
      if (before != nullptr && *before == member) continue;
      out_.set(fact, member);
      told_.set(fact, member);
    }
  }

  const Emitter& out_;
  const Value blank_ = to_value(T{});
  Value told_{Object{}};
};

}  // namespace efa
