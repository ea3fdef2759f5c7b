// What the probes together came to about one device. Each questions it in its own way; none may say
// that it hangs when another questioned it with success in the same pass.
#pragma once

#include <string>

#include "probes/judging/node.h"

namespace efa {

// Who questioned the device with success: "libibverbs"; "" when nobody did.
std::string answered_by(const Node& node, const RdmaDevice& device);
// The driver held who asked it, and nobody was answered.
bool hangs(const Node& node, const RdmaDevice& device);
bool any_hangs(const Node& node);

// One way of questioning it, for the device that the subject names.
struct Question {
  const Check* hang;  // blames the device
  const Check* slow;  // blames nobody
  const char* source;
  const std::vector<Asked>* asked;
  const ProbeOutcome* outcome;
};

// Judges a device of which that question was not answered in time. False when it was answered, or
// failed in another way: then nothing is said here.
bool judge_late(const Node& node, const RdmaDevice& device, const Question& question,
                Findings& findings);

}  // namespace efa
