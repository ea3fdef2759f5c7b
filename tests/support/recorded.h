// A recording of one probe.
#pragma once

#include <string>

#include "agent/pass/recording.h"

namespace efa {

inline Recording recording_of(const std::string& said, const std::string& looks) {
  RecordedProbe probe;
  probe.name = "kernel";
  probe.status = "ok";
  probe.said = said;
  probe.looks = looks;
  Recording recording;
  recording.trigger = Trigger::kOnce;
  recording.probes = {probe};
  return recording;
}

}  // namespace efa
