// Whose code a probe would load: root loads none that another user can change. Sites have their
// libfabric on a shared file system, or as another user unpacked it: that is no fault of EFA, so
// such a copy is asked as nobody, and not at all where this process cannot become nobody.
#pragma once

#include <string>
#include <vector>

#include "agent/run/runner.h"

namespace efa {

// The libraries in the words of the dynamic loader, which runs no code of them: ld.so(8),
// LD_TRACE_LOADED_OBJECTS.
//   "\tlibfabric.so.1 => /opt/amazon/efa/lib/libfabric.so.1 (0x00007f...)"
std::vector<std::string> parse_traced(const std::string& text);

// What that launch would load.
std::vector<std::string> libraries_of(const Launch& launch);

// The first that the loader does not find, by name; "" where it finds all.
std::string missing_library(const Launch& launch);

// For each launch why it must not be made as root, "" when it may be. Asks all at once.
std::vector<std::string> why_not_as_root(const std::vector<Launch>& launches);

// Whether a child of ours can become nobody and still be ended by us.
bool can_become_nobody();

}  // namespace efa
