// The way to a file, walked entry by entry and held by descriptors: what another user puts in its
// place meanwhile, or put there before, leads nobody elsewhere. The kernel does a part of it where
// fs.protected_symlinks is set (proc(5)), and only in directories such as /tmp.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>

#include "probes/base/fd.h"
#include "probes/base/result.h"

namespace efa {

struct Step {
  std::string path;          // of the entry, as far as it was walked
  struct stat entry {};      // the entry itself, also of a link
  struct stat directory {};  // in which it lies
};

// Why this entry must not be on the way, with its path; "" when it may be.
using Guard = std::function<std::string(const Step&)>;

// A link of another user: root follows none, others none in a directory where everybody writes.
std::string refuse_links_of_others(const Step& step);
// What another user than root and our own can change: then that user decides what is found there.
std::string refuse_what_others_change(const Step& step);

struct Place {
  Fd directory;      // O_PATH
  std::string name;  // in it; it need not be there
  bool in_proc = false;
};

enum class LastLink { kStays, kIsFollowed };

struct WalkOptions {
  LastLink last = LastLink::kStays;
  bool make_directories = false;
};

// Where the last entry of a path lies. A last link of /proc is not followed: what it shows is no
// path. kDenied without an os_error: the guard refuses an entry, and
// `what` says why.
Result<Place> walk_to(const std::string& path, const Guard& guard, WalkOptions options = {});

// "" when nobody but root and our own user can change what lies under that path, nor the way there.
std::string who_else_changes(const std::string& path);

}  // namespace efa
