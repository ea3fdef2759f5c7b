// What probe-verbs asks of libibverbs and libefa.
#pragma once

#include "probes/protocol/probe_main.h"
#include "probes/verbs/library.h"

namespace efa {

void read_verbs(const Look& look, VerbsLibrary& library);

}  // namespace efa
