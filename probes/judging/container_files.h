// Whose files are read. Seen from a container without the node's root (host_root) they are those of
// an image, and say nothing of what the node boots, loads, builds and names.
#pragma once

#include <string>
#include <vector>

#include "probes/judging/node.h"

namespace efa {

inline constexpr const char* kFilesOfContainer =
    "the files here are a container's and tell nothing of the node";

bool has_files_of_container(const Node& node);
// Of lines with where they stand, "/etc/modprobe.d/x.conf: blacklist efa", those that hold on the
// node: where its files do not show, what its kernel was started with.
std::vector<std::string> lines_of_node(const Node& node, std::vector<std::string> lines);

}  // namespace efa
