#include "probes/protocol/rooted_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <mutex>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kMaxLines = 100'000;           // kept of one file: the kernel's log has most
constexpr size_t kMaxKernelMessages = 100'000;  // the largest ring buffer holds fewer
constexpr size_t kMaxKernelRecord = size_t{8} * 1024;  // CONSOLE_EXT_LOG_MAX of the kernel
constexpr int kToRead = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

}  // namespace

// The next file or link is mostly beside it, and is then found by its name alone.
struct RootedFiles::Directory {
  std::mutex mutex;
  std::string path;
  Fd fd;
};

RootedFiles::RootedFiles(Fd root, bool is_ours, bool live)
    : root_(std::move(root)),
      is_ours_(is_ours),
      live_(live),
      last_(std::make_shared<Directory>()) {}

bool FileStatus::is_directory() const {
  return S_ISDIR(mode);
}
bool FileStatus::is_character_device() const {
  return S_ISCHR(mode);
}
bool FileStatus::is_regular_file() const {
  return S_ISREG(mode);
}

Result<RootedFiles> RootedFiles::open(const std::string& directory) {
  Fd root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return system_error(errno, directory);
  const bool is_ours = directory == "/";
  return RootedFiles(std::move(root), is_ours, is_ours);
}

Result<RootedFiles> RootedFiles::open_mounted(const std::string& directory) {
  Result<RootedFiles> files = open(directory);
  if (files) files->live_ = true;
  return files;
}

Result<Fd> RootedFiles::open_at(const std::string& path, int flags) const {
  long fd = -1;
  if (is_ours_) {
    fd = ::open(path.c_str(), flags | O_CLOEXEC);
  } else {
    open_how how{};
    how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_IN_ROOT;
    // EAGAIN: something on the machine was renamed meanwhile, so that a ".." could not be trusted
    constexpr int kTries = 1000;
    for (int i = 0; i < kTries && (i == 0 || errno == EAGAIN) && fd < 0; ++i) {
      fd = syscall(SYS_openat2, root_.get(), path.c_str(), &how, sizeof how);
    }
  }
  if (fd < 0) return system_error(errno, path);
  return Fd(static_cast<int>(fd));
}

// Calls use(directory, name) where the path's directory could be had; it may be another by now, and
// another thread may be at it: what `use` does not find is to be looked for by its path.
void RootedFiles::beside(const std::string& path,
                         const std::function<void(int, const char*)>& use) const {
  const std::unique_lock lock(last_->mutex, std::try_to_lock);
  const size_t name = path.rfind('/') + 1;
  if (!lock || name == 0) return;
  if (path.compare(0, name, last_->path) != 0) {
    Result<Fd> directory = open_at(path.substr(0, name), O_PATH | O_DIRECTORY);
    if (!directory) return;
    last_->fd = std::move(*directory);
    last_->path = path.substr(0, name);
  }
  use(last_->fd.get(), path.c_str() + name);
}

RootedFiles::RegularFile RootedFiles::open_beside(const std::string& path) const {
  RegularFile file;
  beside(path, [&](int directory, const char* name) {
    struct stat status {};
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return;
    if (!S_ISREG(status.st_mode)) return;
    file = {Fd(openat(directory, name, kToRead | O_NOFOLLOW)), status.st_size > 0};
  });
  return file;
}

Result<RootedFiles::RegularFile> RootedFiles::open_regular(const std::string& path) const {
  RegularFile beside = open_beside(path);
  if (beside.fd) return beside;
  const Result<Fd> place = open_at(path, O_PATH);  // opening a device or FIFO could act or hang
  if (!place) return place.error();
  struct stat status {};
  if (fstat(place->get(), &status) != 0) return system_error(errno, path);
  if (!S_ISREG(status.st_mode))
    return system_error(S_ISDIR(status.st_mode) ? EISDIR : EINVAL, path);
  Result<Fd> opened = open_at(path, kToRead);
  if (!opened) return opened.error();
  return RegularFile{std::move(*opened), status.st_size > 0};
}

Result<std::string> RootedFiles::read(const std::string& path, size_t limit, bool whole) const {
  const Result<RegularFile> file = open_regular(path);
  if (!file) return file.error();
  std::string text;
  const size_t wanted = whole ? limit + 1 : limit;
  constexpr size_t kChunk = 4096;  // sysfs answers a page at once
  while (text.size() < wanted) {
    const size_t before = text.size();
    text.resize(std::min(wanted, before + std::max(kChunk, before)));
    const size_t room = text.size() - before;
    const ssize_t got = ::read(file->fd.get(), text.data() + before, room);
    if (got < 0 && errno != EINTR) return system_error(errno, path);
    text.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0 || (file->sized && got > 0 && static_cast<size_t>(got) < room)) break;
  }
  if (whole && text.size() > limit) return system_error(EFBIG, path);
  return text;
}

Result<std::vector<std::string>> RootedFiles::read_lines(const std::string& path, const Keep& keep,
                                                         size_t limit, char separator) const {
  using Lines = std::vector<std::string>;
  const Result<RegularFile> file = open_regular(path);
  if (!file) return file.error();
  Lines lines;
  std::string line;  // that has not ended yet
  const auto end_line = [&] {
    // `keep` sees empty lines too: where lines go on in the next, one ends them
    if (keep(line) && !line.empty()) lines.push_back(make_utf8(line));
    line.clear();
  };
  // piece by piece: an index of modules has tens of thousands of lines, of which few are kept
  std::array<char, size_t{64} * 1024> piece;
  size_t total = 0;
  while (true) {
    const ssize_t got = ::read(file->fd.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, path);
    if (got == 0) break;
    total += static_cast<size_t>(got);
    if (total > limit || lines.size() > kMaxLines) return system_error(EFBIG, path);
    std::string_view rest(piece.data(), static_cast<size_t>(got));
    for (size_t end = 0; (end = rest.find(separator)) != std::string_view::npos;) {
      line += rest.substr(0, end);
      rest.remove_prefix(end + 1);
      end_line();
    }
    line += rest;
  }
  if (!line.empty()) end_line();
  end_line();
  return lines;
}

Result<std::string> RootedFiles::link(const std::string& path) const {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return system_error(EINVAL, path);
  std::string target(4096, '\0');  // PATH_MAX
  ssize_t length = -1;
  const auto read = [&](int parent, const char* name) {
    length = readlinkat(parent, name, target.data(), target.size());
  };
  beside(path, read);
  if (length < 0) {
    const Result<Fd> parent = open_at(path.substr(0, slash + 1), O_PATH | O_DIRECTORY);
    if (!parent) return system_error(parent.error().os_error, path);
    read(parent->get(), path.c_str() + slash + 1);
  }
  if (length < 0) return system_error(errno, path);
  target.resize(static_cast<size_t>(length));
  return target;
}

// Calls take(directory, name) for each name.
Result<Done> RootedFiles::each_name(const std::string& directory, size_t limit,
                                    const std::function<void(int, const char*)>& take) const {
  Result<Fd> fd = open_at(directory, O_RDONLY | O_DIRECTORY);
  if (!fd) return fd.error();
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(fd->get()), closedir);
  if (!stream) return system_error(errno, directory);
  fd->release();  // the stream's
  size_t count = 0;
  while (const dirent* entry = readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (++count > limit) break;
    take(dirfd(stream.get()), entry->d_name);
  }
  if (count > limit) return system_error(EFBIG, directory);
  return Done{};
}

Result<std::vector<std::string>> RootedFiles::link_targets(const std::string& directory,
                                                           const Keep& keep, size_t limit) const {
  using Targets = std::vector<std::string>;
  Targets targets;
  std::string buffer(4096, '\0');  // PATH_MAX
  const Result<Done> all = each_name(directory, limit, [&](int parent, const char* name) {
    const ssize_t length = readlinkat(parent, name, buffer.data(), buffer.size());
    std::string target = buffer.substr(0, static_cast<size_t>(std::max<ssize_t>(length, 0)));
    if (length > 0 && keep(target)) targets.push_back(make_utf8(target));
  });
  if (!all) return all.error();
  return targets;
}

Result<std::vector<std::string>> RootedFiles::list(const std::string& directory,
                                                   size_t limit) const {
  using Names = std::vector<std::string>;
  Names names;
  const Result<Done> all = each_name(directory, limit, [&](int /*parent*/, const char* name) {
    if (is_utf8(name)) names.emplace_back(name);
  });
  if (!all) return all.error();
  std::sort(names.begin(), names.end());
  return names;
}

Result<FileStatus> RootedFiles::status(const std::string& path) const {
  const Result<Fd> fd = open_at(path, O_PATH);
  if (!fd) return fd.error();
  struct stat status {};
  if (fstat(fd->get(), &status) != 0) return system_error(errno, path);
  return FileStatus{status.st_mode,        status.st_uid, status.st_gid, major(status.st_rdev),
                    minor(status.st_rdev), status.st_ino, status.st_dev};
}

Result<Space> RootedFiles::space(const std::string& path) const {
  const Result<Fd> fd = open_at(path, O_RDONLY | O_DIRECTORY);
  if (!fd) return fd.error();
  struct statvfs space {};
  if (fstatvfs(fd->get(), &space) != 0) return system_error(errno, path);
  return Space{space.f_blocks * space.f_frsize / 1024, space.f_bavail * space.f_frsize / 1024};
}

Result<Done> RootedFiles::open_device(const std::string& path) const {
  if (!live_) return system_error(EPERM, path);  // that device would be this machine's
  const Result<Fd> fd = open_at(path, O_RDWR | O_NONBLOCK);
  if (!fd) return fd.error();
  return Done{};
}

// From the oldest record, in each pass anew: the device seeks to its ends, and to no record
// (Documentation/ABI/testing/dev-kmsg).
Result<std::vector<std::string>> RootedFiles::kernel_messages(const std::string& path,
                                                              const Keep& keep) const {
  using Lines = std::vector<std::string>;
  const Result<Fd> fd = open_at(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return fd.error();
  Lines lines;
  std::string record(kMaxKernelRecord, '\0');
  for (size_t i = 0; i < kMaxKernelMessages; ++i) {
    // one record a read; EPIPE: records were overwritten meanwhile, the next read goes on
    const ssize_t length = ::read(fd->get(), record.data(), record.size());
    if (length < 0 && (errno == EPIPE || errno == EINTR || errno == EINVAL)) continue;
    if (length < 0 && errno != EAGAIN) return system_error(errno, path);
    if (length <= 0) break;
    std::string line = record.substr(0, static_cast<size_t>(length));
    line.resize(std::min(line.find('\n'), line.size()));
    if (keep(line)) lines.push_back(make_utf8(line));
  }
  return lines;
}

}  // namespace efa
