#include "probes/protocol/sysroot.h"

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

#include "probes/protocol/bounds.h"
#include "probes/protocol/describe.h"
#include "probes/protocol/text.h"

namespace efa {
namespace {

constexpr size_t kMaxLines = 100'000;           // kept of one file: the kernel's log has most
constexpr size_t kMaxLooks = 100'000;           // of one probe: /proc of 30,000 processes
constexpr size_t kMaxKernelMessages = 100'000;  // the largest ring buffer holds fewer
constexpr size_t kMaxKernelRecord = size_t{8} * 1024;  // CONSOLE_EXT_LOG_MAX of the kernel

}  // namespace

template <class Io>
void describe(Io& io, FileStatus& status) {
  io("mode", status.mode);
  io("uid", status.uid);
  io("gid", status.gid);
  io("major", status.major);
  io("minor", status.minor);
  io("inode", status.inode);
}

template <class Io>
void describe(Io& io, Space& space) {
  io("total_kib", space.total_kib);
  io("free_kib", space.free_kib);
}

template <class Io>
void describe(Io& /*io*/, Done& /*done*/) {}

namespace {

// File contents may be any bytes, JSON strings may not: those that are not UTF-8 go as hex.
template <class T>
void put_content(Value& look, const T& content) {
  if constexpr (std::is_same_v<T, std::string>) {
    if (!is_utf8(content)) {
      look.set("hex", to_hex(content));
      return;
    }
  }
  look.set("is", to_value(content));
}

template <class T>
Result<T> content_of(const Value& look, const std::string& path) {
  if (const Value* number = look.find("errno")) {
    const auto* os_error = number->as<int64_t>();
    return system_error(os_error == nullptr ? EIO : static_cast<int>(*os_error), path);
  }
  if constexpr (std::is_same_v<T, std::string>) {
    if (look.find("hex") != nullptr) return from_hex(look.text("hex"));
  }
  const Value* content = look.find("is");
  if (content == nullptr) return Error{ErrorKind::kMalformed, path, "recording is damaged"};
  return from_value<T>(*content, path);
}

}  // namespace

bool FileStatus::is_directory() const {
  return S_ISDIR(mode);
}
bool FileStatus::is_character_device() const {
  return S_ISCHR(mode);
}

Result<Sysroot> Sysroot::open(const std::string& directory) {
  Sysroot root;
  root.fd_.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.fd_) return system_error(errno, directory);
  root.live_ = directory == "/";
  return root;
}

Result<Sysroot> Sysroot::replay(const std::string& looks) {
  Sysroot root;
  std::string_view rest = looks;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.empty()) continue;
    if (root.looks_.size() >= kMaxLooks) return system_error(EFBIG, "recording");
    const Result<Value> look = parse_json(line, "recording");
    if (!look) return look.error();
    const Value* live = look->find("live");
    if (live != nullptr && live->as<bool>() != nullptr) root.live_ = *live->as<bool>();
    root.looks_.emplace(look->text("look") + " " + look->text("path"), *look);
  }
  return root;
}

void Sysroot::record_to(Recorder record) {
  record_ = std::move(record);
  Value root;
  root.set("live", live_);
  record_(std::move(root));
}

// One look: from the recording, or at the machine (and into the recording that is being made).
template <class T, class Look>
Result<T> Sysroot::look(const char* verb, const std::string& path, const Look& at_machine) const {
  if (replaying()) {
    const auto found = looks_.find(std::string(verb) + " " + path);
    if (found == looks_.end()) return system_error(ENOENT, path);
    return content_of<T>(found->second, path);
  }
  Result<T> seen = at_machine();
  if (record_) {
    Value look;
    look.set("look", verb);
    look.set("path", path);
    if (seen) {
      put_content(look, *seen);
    } else {
      look.set("errno", seen.error().os_error);
    }
    record_(std::move(look));
  }
  return seen;
}

Result<Fd> Sysroot::open_at(const std::string& path, int flags) const {
  long fd = -1;
  if (live_) {  // nothing leads out of it
    fd = ::open(path.c_str(), flags | O_CLOEXEC);
  } else {
    open_how how{};
    how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_IN_ROOT;
    // EAGAIN: something on the machine was renamed meanwhile, so that a ".." could not be trusted
    constexpr int kTries = 1000;
    for (int i = 0; i < kTries && (i == 0 || errno == EAGAIN) && fd < 0; ++i) {
      fd = syscall(SYS_openat2, fd_.get(), path.c_str(), &how, sizeof how);
    }
  }
  if (fd < 0) return system_error(errno, path);
  return Fd(static_cast<int>(fd));
}

Result<Fd> Sysroot::open_regular(const std::string& path) const {
  const Result<Fd> place = open_at(path, O_PATH);  // opening a device or FIFO could act or hang
  if (!place) return place.error();
  struct stat status {};
  if (fstat(place->get(), &status) != 0) return system_error(errno, path);
  if (!S_ISREG(status.st_mode))
    return system_error(S_ISDIR(status.st_mode) ? EISDIR : EINVAL, path);
  return open_at(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

Result<std::string> Sysroot::read_regular(const std::string& path, size_t limit, bool whole) const {
  const Result<Fd> file = open_regular(path);
  if (!file) return file.error();
  std::string text;
  const size_t wanted = whole ? limit + 1 : limit;
  constexpr size_t kChunk = 4096;  // sysfs answers a page at once
  while (text.size() < wanted) {
    const size_t before = text.size();
    text.resize(std::min(wanted, before + std::max(kChunk, before)));
    const ssize_t got = ::read(file->get(), text.data() + before, text.size() - before);
    if (got < 0 && errno != EINTR) return system_error(errno, path);
    text.resize(before + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) break;
  }
  if (whole && text.size() > limit) return system_error(EFBIG, path);
  return text;
}

Result<std::string> Sysroot::read(const std::string& path, size_t limit) const {
  return look<std::string>("read", path, [&]() -> Result<std::string> {
    Result<std::string> text = read_regular(path, limit, /*whole=*/true);
    if (text) *text = std::string(trim_end(*text));
    return text;
  });
}

std::optional<std::string> Sysroot::text(const std::string& path) const {
  const Result<std::string> text = read(path);
  return text ? std::optional(*text) : std::nullopt;
}

Result<std::string> Sysroot::read_bytes(const std::string& path, size_t limit) const {
  return look<std::string>("bytes", path,
                           [&] { return read_regular(path, limit, /*whole=*/false); });
}

Result<std::string> Sysroot::read_part(
    const std::string& path, size_t limit,
    const std::function<std::string(const std::string&)>& part) const {
  return look<std::string>("part", path, [&]() -> Result<std::string> {
    Result<std::string> bytes = read_regular(path, limit, /*whole=*/false);
    if (bytes) *bytes = part(*bytes);
    return bytes;
  });
}

Result<std::vector<std::string>> Sysroot::read_lines(const std::string& path, const KeepLine& keep,
                                                     size_t limit, char separator) const {
  using Lines = std::vector<std::string>;
  return look<Lines>("lines", path, [&]() -> Result<Lines> {
    const Result<Fd> file = open_regular(path);
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
      const ssize_t got = ::read(file->get(), piece.data(), piece.size());
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
  });
}

Result<std::string> Sysroot::link(const std::string& path) const {
  return look<std::string>("link", path, [&]() -> Result<std::string> {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return system_error(EINVAL, path);
    const Result<Fd> parent = open_at(path.substr(0, slash + 1), O_PATH | O_DIRECTORY);
    if (!parent) return system_error(parent.error().os_error, path);
    std::string target(4096, '\0');  // PATH_MAX
    const ssize_t length =
        readlinkat(parent->get(), path.c_str() + slash + 1, target.data(), target.size());
    if (length < 0) return system_error(errno, path);
    target.resize(static_cast<size_t>(length));
    return target;
  });
}

// Calls take(directory, name) for each name.
Result<Done> Sysroot::each_name(const std::string& directory, size_t limit,
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

Result<std::vector<std::string>> Sysroot::link_targets(const std::string& directory,
                                                       const KeepLine& keep, size_t limit) const {
  using Targets = std::vector<std::string>;
  return look<Targets>("links", directory, [&]() -> Result<Targets> {
    Targets targets;
    std::string buffer(4096, '\0');  // PATH_MAX
    const Result<Done> all = each_name(directory, limit, [&](int parent, const char* name) {
      const ssize_t length = readlinkat(parent, name, buffer.data(), buffer.size());
      std::string target = buffer.substr(0, static_cast<size_t>(std::max<ssize_t>(length, 0)));
      if (length > 0 && keep(target)) targets.push_back(make_utf8(target));
    });
    if (!all) return all.error();
    return targets;
  });
}

Result<std::vector<std::string>> Sysroot::list(const std::string& directory, size_t limit) const {
  using Names = std::vector<std::string>;
  return look<Names>("list", directory, [&]() -> Result<Names> {
    Names names;
    const Result<Done> all = each_name(directory, limit, [&](int /*parent*/, const char* name) {
      if (is_utf8(name)) names.emplace_back(name);
    });
    if (!all) return all.error();
    std::sort(names.begin(), names.end());
    return names;
  });
}

Result<FileStatus> Sysroot::status(const std::string& path) const {
  return look<FileStatus>("status", path, [&]() -> Result<FileStatus> {
    const Result<Fd> fd = open_at(path, O_PATH);
    if (!fd) return fd.error();
    struct stat status {};
    if (fstat(fd->get(), &status) != 0) return system_error(errno, path);
    return FileStatus{status.st_mode,        status.st_uid,         status.st_gid,
                      major(status.st_rdev), minor(status.st_rdev), status.st_ino};
  });
}

Result<Space> Sysroot::space(const std::string& path) const {
  return look<Space>("space", path, [&]() -> Result<Space> {
    const Result<Fd> fd = open_at(path, O_RDONLY | O_DIRECTORY);
    if (!fd) return fd.error();
    struct statvfs space {};
    if (fstatvfs(fd->get(), &space) != 0) return system_error(errno, path);
    return Space{space.f_blocks * space.f_frsize / 1024, space.f_bavail * space.f_frsize / 1024};
  });
}

Result<Done> Sysroot::open_device(const std::string& path) const {
  return look<Done>("open", path, [&]() -> Result<Done> {
    if (!live_) return system_error(EPERM, path);  // that device would be this machine's
    const Result<Fd> fd = open_at(path, O_RDWR | O_NONBLOCK);
    if (!fd) return fd.error();
    return Done{};
  });
}

Result<std::vector<std::string>> Sysroot::kernel_messages(const KeepLine& keep) const {
  using Lines = std::vector<std::string>;
  const std::string path = "/dev/kmsg";
  if (!replaying() && !live_) return read_lines(path, keep, size_t{8} * 1024 * 1024);
  return look<Lines>(live_ ? "kmsg" : "lines", path, [&]() -> Result<Lines> {
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
  });
}

}  // namespace efa
