// The machine on which each known mode of failure is made, for each check that sees it: its words
// stand in probes/judging/modes.cpp.
#pragma once

#include <functional>
#include <vector>

#include "tests/support/machine.h"

namespace efa {

struct ModeCase {
  const char* mode;  // "F06"
  const char* check;
  std::function<Value()> look;  // what efa-doctor reports of it
};

using ModeCases = std::vector<ModeCase>;

// Machines of tests/nodes.
inline constexpr const char* kP4d = "p4d.24xlarge";
inline constexpr const char* kP5 = "p5.48xlarge";
inline constexpr const char* kP6 = "p6-b200.48xlarge";

ModeCases modes_of_attachment();
ModeCases modes_of_driver();
ModeCases modes_of_devices();
ModeCases modes_of_gpus();
ModeCases modes_of_jobs();

}  // namespace efa
