// Why the efa driver gave a device up: the words in the kernel log that tell, and who mends what
// they tell of.
#pragma once

#include <vector>

#include "probes/judging/node.h"

namespace efa {

// Of the newest attempt to start the device, when that failed: the first words of an error, to
// which the later ones ("EFA device init failed") only add that it was the end. Null: no attempt
// failed, or a later one did not.
const LogMessage* probe_failure(const std::vector<LogMessage>& messages, const PciAddress& address);

// driver.probe-failed with the actor and the remedy for that kind of message.
const Check& probe_failed_check(const LogMessage& failure);

}  // namespace efa
