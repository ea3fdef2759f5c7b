// Facts of a fleet, taken one by one as the probe says them.
#pragma once

#include <string>

#include "probes/account/facts.h"
#include "probes/base/value.h"

namespace efa {

class FactsTaker {
 public:
  // Elements of a list one after the other, all else at once; what is no fact of an account is left
  // out.
  void take(const std::string& name, const Value& fact);

  [[nodiscard]] const std::string& broken() const { return broken_; }  // why one was not taken
  AccountFacts facts() { return std::move(facts_); }

 private:
  AccountFacts facts_;
  std::string broken_;
};

}  // namespace efa
