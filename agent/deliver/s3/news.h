// Whether a report says something that the one before did not: what S3 is sent for.
#pragma once

#include <cstdint>
#include <string>

#include "probes/base/value.h"

namespace efa {

// What a report tells, and when; of the newest that was sent, kept in the spool's state.
struct News {
  std::string digest;   // "": not known
  int64_t boot_ms = 0;  // of the pass, since boot
};

// Of verdict, root causes, funnel, devices, versions, boot, and the findings that are not good; of
// those of info their codes only. Of no time, no counter and no measured value. `destination` is
// part of it: another bucket has seen nothing yet.
std::string digest_of(const Value& report, const std::string& destination);

struct Repetition {
  int64_t every_ms = 0;     // what says nothing new
  int64_t interval_ms = 0;  // between passes
};

// `now` is to be sent after `last`: it is new, or the next pass would come too late to repeat it.
bool is_due(const News& last, const News& now, const Repetition& repetition);

}  // namespace efa
