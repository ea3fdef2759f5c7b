// A machine with two faults that have nothing to do with each other, and what is to be blamed.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/machine.h"

namespace efa {

using Blamed = std::set<std::pair<std::string, std::string>>;  // code, subject

struct FaultsTogether {
  const char* name;
  std::function<Value()> look;
  Blamed wanted;
};

// Of tests/nodes, as the built program sees their files.
std::vector<FaultsTogether> pairs_in_files();

}  // namespace efa
