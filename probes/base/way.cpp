#include "probes/base/way.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <deque>
#include <vector>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr int kMostLinks = 40;  // as the kernel, path_resolution(7)
constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;

bool is_ours(const struct stat& status) {
  return status.st_uid == 0 || status.st_uid == geteuid();
}

std::string owner_of(const struct stat& status) {
  return "user " + std::to_string(status.st_uid);
}

bool is_in_proc(int directory) {
  struct statfs system {};
  return fstatfs(directory, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

class Walk {
 public:
  Walk(const std::string& path, const Guard& guard, WalkOptions options)
      : whole_(path), guard_(guard), options_(options) {}

  Result<Place> run() {
    if (whole_.empty() || whole_.size() >= PATH_MAX) return error(ENOENT);
    put_first(whole_);
    while (todo_.size() > 1) {
      const Result<Done> gone = step();
      if (!gone) return gone.error();
    }
    return last();
  }

 private:
  [[nodiscard]] Error error(int os_error) const { return system_error(os_error, whole_); }

  // A link's target, or the path itself, is what comes next.
  void put_first(const std::string& path) {
    std::vector<std::string> names = split(path, '/');
    std::erase_if(names, [](const std::string& name) { return name.empty() || name == "."; });
    const bool absolute = path.starts_with('/');
    if (absolute || !directory_) {
      directory_.reset(::open(absolute ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
      walked_ = absolute ? "" : ".";
    }
    todo_.insert(todo_.begin(), names.begin(), names.end());
  }

  // Whether there is a next entry; the guard has agreed to it when it returns.
  Result<bool> look() {
    now_ = {};
    now_.path = walked_ + "/" + todo_.front();
    if (fstat(directory_.get(), &now_.directory) != 0) return error(errno);
    if (fstatat(directory_.get(), todo_.front().c_str(), &now_.entry, AT_SYMLINK_NOFOLLOW) != 0) {
      return errno == ENOENT ? Result<bool>(false) : error(errno);
    }
    // one that is not followed leads nowhere
    const bool stays = todo_.size() == 1 && options_.last == LastLink::kStays;
    const std::string refused = stays ? "" : guard_(now_);
    if (!refused.empty()) return Error{ErrorKind::kDenied, whole_, refused};
    return true;
  }

  Result<Done> follow() {
    if (++links_ > kMostLinks) return error(ELOOP);
    std::string target(PATH_MAX, '\0');
    const ssize_t size =
        readlinkat(directory_.get(), todo_.front().c_str(), target.data(), target.size());
    if (size <= 0) return error(size < 0 ? errno : ENOENT);
    target.resize(static_cast<size_t>(size));
    todo_.pop_front();
    put_first(target);
    return Done{};
  }

  Result<Done> enter(int flags) {
    Fd next(
        openat(directory_.get(), todo_.front().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | flags));
    if (!next) return error(errno);
    directory_ = std::move(next);
    walked_ += "/" + todo_.front();
    todo_.pop_front();
    return Done{};
  }

  Result<Done> step() {
    const Result<bool> there = look();
    if (!there) return there.error();
    if (!*there) {
      if (!options_.make_directories) return error(ENOENT);
      constexpr mode_t kAsUmaskSays = 0777;
      const bool made = mkdirat(directory_.get(), todo_.front().c_str(), kAsUmaskSays) == 0;
      if (!made && errno != EEXIST) return error(errno);
      return enter(O_NOFOLLOW);
    }
    if (!S_ISLNK(now_.entry.st_mode)) return enter(O_NOFOLLOW);
    return is_in_proc(directory_.get()) ? enter(0) : follow();
  }

  Result<Place> last() {
    while (todo_.size() == 1) {
      const Result<bool> there = look();
      if (!there) return there.error();
      const bool link = *there && S_ISLNK(now_.entry.st_mode);
      const bool in_proc = link && is_in_proc(directory_.get());
      if (!link || in_proc || options_.last == LastLink::kStays) {
        return Place{std::move(directory_), todo_.front(), in_proc};
      }
      const Result<Done> followed = follow();
      if (!followed) return followed.error();
      while (todo_.size() > 1) {
        const Result<Done> gone = step();
        if (!gone) return gone.error();
      }
    }
    return Place{std::move(directory_), "."};  // "/", "." or a link to it
  }

  const std::string& whole_;
  const Guard& guard_;
  WalkOptions options_;
  std::deque<std::string> todo_;
  Fd directory_;
  std::string walked_;
  Step now_;
  int links_ = 0;
};

}  // namespace

std::string refuse_links_of_others(const Step& step) {
  if (!S_ISLNK(step.entry.st_mode) || is_ours(step.entry)) return "";
  const bool everybody_writes = (step.directory.st_mode & kOthersWrite) != 0;
  if (geteuid() != 0 && !everybody_writes) return "";
  return step.path + " is a link owned by " + owner_of(step.entry) + ", which is not followed";
}

std::string refuse_what_others_change(const Step& step) {
  if (!is_ours(step.entry)) return step.path + " belongs to " + owner_of(step.entry);
  const bool is_directory = S_ISDIR(step.entry.st_mode);
  const bool sticky = (step.entry.st_mode & S_ISVTX) != 0;
  const bool open = !S_ISLNK(step.entry.st_mode) && (step.entry.st_mode & kOthersWrite) != 0;
  if (open && !(is_directory && sticky))
    return step.path + " may be written by users other than root";
  // a directory of ours that lies in a sticky one (/tmp) stays where it is; a file may be a second
  // name that another user gave to one of root's (link(2), where fs.protected_hardlinks is off)
  if (!is_directory && (step.directory.st_mode & kOthersWrite) != 0) {
    return "the directory of " + step.path + " may be written by users other than root";
  }
  return "";
}

Result<Place> walk_to(const std::string& path, const Guard& guard, WalkOptions options) {
  return Walk(path, guard, options).run();
}

std::string who_else_changes(const std::string& path) {
  const Result<Place> place = walk_to(path, refuse_what_others_change, {LastLink::kIsFollowed});
  if (place) return "";
  return place.error().os_error == 0 ? place.error().what : message_of(place.error());
}

}  // namespace efa
