// Why a pass is made.
#pragma once

#include "probes/base/word.h"

namespace efa {

enum class Trigger {
  kOnce,      // a person or a script asked for it on the command line
  kBoot,      // the daemon's first
  kInterval,  // it was time
  kEvent,     // something changed
  kRequest,   // the daemon was asked
  kRecovery,  // a fault is gone: to be confirmed
  kStarting,  // the node is still gaining devices
  kRetry      // of one that ended badly
};

template <>
struct Words<Trigger> {
  static constexpr EnumWord<Trigger> kTable[] = {
      {Trigger::kOnce, "once"},         {Trigger::kBoot, "boot"},
      {Trigger::kInterval, "interval"}, {Trigger::kEvent, "event"},
      {Trigger::kRequest, "request"},   {Trigger::kRecovery, "recovery"},
      {Trigger::kStarting, "starting"}, {Trigger::kRetry, "retry"}};
};

}  // namespace efa
