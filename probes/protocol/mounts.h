// What is mounted where, as a process sees it. Interface: proc_pid_mountinfo(5).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/protocol/sysroot.h"

namespace efa {

struct Mount {
  std::string root;        // within its file system
  std::string point;       // where it is seen
  bool read_only = false;  // of this mount; its file system may be writable
  // of its file system; "" where the line has no more than its six first fields
  std::string type;     // "overlay"
  std::string source;   // "/dev/nvme0n1p1"
  std::string options;  // "rw,lowerdir=/a:/b", with the kernel's escapes
};

// "22 26 0:21 / /sys rw,relatime - sysfs sysfs rw" -> root "/", point "/sys", type "sysfs". Names
// come without the kernel's escapes: "/a\040b" is "/a b". None of a line with less than its six
// first fields, or with a name that is longer than a path can be (PATH_MAX, 4096).
std::optional<Mount> parse_mount(std::string_view line);

// Those of this process that `wanted` wants, of at most 4 MiB of lines.
Result<std::vector<Mount>> read_mounts(const Sysroot& root,
                                       const std::function<bool(const Mount&)>& wanted);

}  // namespace efa
