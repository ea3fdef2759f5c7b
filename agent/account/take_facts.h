// Facts of a fleet, taken one by one as the probe says them.
#pragma once

#include <string>

#include "probes/account/facts.h"
#include "probes/base/value.h"

namespace efa {

class FactsTaker {
 public:
  // 160,000 MACs are 5 MB, and only who has reports of nodes compares them.
  explicit FactsTaker(bool keeps_macs) : keeps_macs_(keeps_macs) {}

  // Elements of a list one after the other, all else at once; what is no fact of an account is left
  // out.
  void take(const std::string& name, const Value& fact);

  [[nodiscard]] const std::string& broken() const { return broken_; }  // why one was not taken
  AccountFacts facts() { return std::move(facts_); }

 private:
  bool keeps_macs_;
  AccountFacts facts_;
  std::string broken_;
};

}  // namespace efa
