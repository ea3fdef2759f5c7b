// Ways in which one device of the healthy node is sick, and the others are not.
#pragma once

#include <cstddef>

#include "tests/support/healthy_node.h"

namespace efa {

// What these take away moves the devices behind it: they come last.
void leave_unbound(Scene& scene, size_t i);
void give_to_virtual_machine(Scene& scene, size_t i);
void take_from_verbs(Scene& scene, size_t i);
void lose_node(Scene& scene, size_t i);

// libibverbs does not open it, so libfabric lists none.
void fail_to_open(Scene& scene, size_t i, int error, const char* words);
// Nor does anybody else.
void refuse_node(Scene& scene, size_t i, int error, const char* words);
// A command timed out, and the driver fails all later ones.
void close_queue_of(Scene& scene, size_t i);
void zero_gid(Scene& scene, size_t i);

}  // namespace efa
