// A delivery that ended otherwise than by itself left no word: this leaves one, in delivery.json
// and in the log.
#pragma once

#include <string>

#include "agent/config/config.h"

namespace efa {

// `status` as waitpid(2) gives it.
void note_end_of_delivery(const Config& config, int status);

}  // namespace efa
