#include "probes/base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <ctime>
#include <memory>

#include "probes/base/text.h"

namespace efa {
namespace {

// ".health.json.efa-doctor-0123456789abcdef": a name that is nobody else's to sweep away.
constexpr std::string_view kMark = ".efa-doctor-";
constexpr size_t kRandomDigits = 16;

std::string name_beside(const std::string& name) {
  uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) < 0) random = static_cast<uint64_t>(getpid());
  char digits[kRandomDigits + 1];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(random));
  constexpr size_t kLongest = NAME_MAX - 1 - kMark.size() - kRandomDigits;
  std::string beside = ".";
  beside.append(name, 0, kLongest).append(kMark).append(digits);
  return beside;
}

bool is_beside(const std::string& entry, const std::string& name) {
  if (entry.size() < 1 + kMark.size() + kRandomDigits) return false;
  const size_t mark = entry.size() - kRandomDigits - kMark.size();
  if (entry[0] != '.' || entry.compare(mark, kMark.size(), kMark) != 0) return false;
  return name.empty() || entry.compare(1, mark - 1, name) == 0;
}

Result<Done> write_and_sync(int fd, const std::string& text, const std::string& path) {
  Result<Done> written = write_all(fd, text, path);
  if (!written) return written;
  if (fsync(fd) != 0 && errno != EINVAL) return system_error(errno, path);  // a pipe has none
  return Done{};
}

// So that the new name outlives a power failure.
void sync_directory(const Place& place) {
  const Fd directory(openat(place.directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) fsync(directory.get());
}

Result<Place> place_of(const std::string& path) {
  return walk_to(path, refuse_links_of_others, {LastLink::kStays, /*make_directories=*/true});
}

// "/dev/stdout" by way of /proc/self/fd: the descriptor itself, which may be a socket, and whose
// place in a file is the caller's.
Fd own_descriptor(const Place& place) {
  struct stat own {};
  struct stat there {};
  const bool is_own = stat("/proc/self/fd", &own) == 0 &&
                      fstat(place.directory.get(), &there) == 0 && own.st_dev == there.st_dev &&
                      own.st_ino == there.st_ino;
  if (!is_own || place.name.find_first_not_of("0123456789") != std::string::npos) return Fd();
  return Fd(fcntl(parse_number<int>(place.name).value_or(-1), F_DUPFD_CLOEXEC, 0));
}

// Why nothing is written into what is there; "" when it may be.
std::string refused(const struct stat& status) {
  if (S_ISCHR(status.st_mode)) return "";  // none but root makes devices
  if (!S_ISFIFO(status.st_mode)) return "is neither a file, a terminal nor a pipe";
  const bool ours = status.st_uid == geteuid() || status.st_uid == 0;
  return ours ? "" : "is a pipe of user " + std::to_string(status.st_uid);
}

Result<Done> write_into(const std::string& path, const Place& place, const std::string& text) {
  if (const Fd own = own_descriptor(place)) return write_and_sync(own.get(), text, path);
  const int follow = place.in_proc ? 0 : O_NOFOLLOW;
  const Fd seen(openat(place.directory.get(), place.name.c_str(), O_PATH | O_CLOEXEC | follow));
  struct stat status {};
  if (!seen || fstat(seen.get(), &status) != 0) return system_error(errno, path);
  const std::string why = refused(status);
  if (!why.empty()) return Error{ErrorKind::kDenied, path, why};
  // what was looked at is what is opened, whatever has the name by now
  const std::string again = "/proc/self/fd/" + std::to_string(seen.get());
  const Fd fd(::open(again.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) return system_error(errno, path);
  return write_and_sync(fd.get(), text, path);
}

Result<std::string> read_open(const Fd& fd, const std::string& path, size_t limit) {
  if (!fd) return system_error(errno, path);
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return system_error(errno, path);
  if (!S_ISREG(status.st_mode)) return system_error(EINVAL, path);
  std::string text;
  ssize_t count = 1;
  while (count > 0 && text.size() <= limit) {
    char buffer[65536];
    count = ::read(fd.get(), buffer, sizeof buffer);
    if (count > 0) text.append(buffer, static_cast<size_t>(count));
  }
  if (count < 0) return system_error(errno, path);
  if (text.size() > limit) return system_error(EFBIG, path);
  return text;
}

constexpr int kToRead = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;  // a pipe blocks nobody

}  // namespace

Unfinished::Unfinished(std::string path, Place place, std::string beside)
    : path_(std::move(path)), place_(std::move(place)), beside_(std::move(beside)) {}

Unfinished::~Unfinished() {
  if (place_.directory && !finished_) unlinkat(place_.directory.get(), beside_.c_str(), 0);
}

Result<Unfinished> Unfinished::write(const std::string& path, const std::string& text,
                                     unsigned mode) {
  Result<Place> place = place_of(path);
  if (!place) return place.error();
  return write_at(path, std::move(*place), text, mode, /*by_umask=*/false);
}

Result<Unfinished> Unfinished::write_at(const std::string& path, Place place,
                                        const std::string& text, unsigned mode, bool by_umask) {
  const std::string beside = name_beside(place.name);
  const Fd fd(openat(place.directory.get(), beside.c_str(),
                     O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, by_umask ? mode : 0600));
  if (!fd) return system_error(errno, path);
  Unfinished file(path, std::move(place), beside);
  if (!by_umask) fchmod(fd.get(), mode);
  const Result<Done> written = write_and_sync(fd.get(), text, path);
  if (!written) return written.error();
  return file;
}

Result<Done> Unfinished::link_to(const std::string& path) const {
  const Result<Place> place = place_of(path);
  if (!place) return place.error();
  const int there = place->directory.get();
  unlinkat(there, place->name.c_str(), 0);
  if (linkat(place_.directory.get(), beside_.c_str(), there, place->name.c_str(), 0) != 0) {
    return system_error(errno, path);
  }
  return Done{};
}

Result<Done> Unfinished::finish() {
  const int there = place_.directory.get();
  if (renameat(there, beside_.c_str(), there, place_.name.c_str()) != 0) {
    return system_error(errno, path_);
  }
  finished_ = true;
  sync_directory(place_);
  return Done{};
}

Result<Done> write_file(const std::string& path, const std::string& text, unsigned mode) {
  Result<Unfinished> file = Unfinished::write(path, text, mode);
  return file ? file->finish() : Result<Done>(file.error());
}

Result<Done> write_output(const std::string& path, const std::string& text, unsigned mode) {
  Result<Place> place =
      walk_to(path, refuse_links_of_others, {LastLink::kIsFollowed, /*make_directories=*/false});
  if (!place) return place.error();
  struct stat status {};
  const bool there =
      fstatat(place->directory.get(), place->name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (there && S_ISDIR(status.st_mode)) return system_error(EISDIR, path);
  if (there && !S_ISREG(status.st_mode)) return write_into(path, *place, text);
  Result<Unfinished> file =
      Unfinished::write_at(path, std::move(*place), text, mode, /*by_umask=*/true);
  return file ? file->finish() : Result<Done>(file.error());
}

Result<Fd> open_directory(const std::string& path, bool make) {
  // of a name in it, so that the directory itself is made
  const Result<Place> place =
      walk_to(path + "/in-it", refuse_links_of_others, {.make_directories = make});
  if (!place) return Error{place.error().kind, path, place.error().what, place.error().os_error};
  Fd directory(openat(place->directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return system_error(errno, path);
  return directory;
}

std::vector<std::string> names_in(const Fd& directory) {
  std::vector<std::string> names;
  // its own, because a stream's place is the descriptor's
  Fd again(openat(directory.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again) return names;
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fdopendir(again.release()), closedir);
  while (const dirent* item = stream ? readdir(stream.get()) : nullptr) {
    names.emplace_back(item->d_name);
  }
  return names;
}

void remove_unfinished(const std::string& path, std::chrono::seconds older_than) {
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const Result<Fd> directory =
      open_directory(slash == std::string::npos ? "." : path.substr(0, slash));
  if (!directory) return;
  const std::time_t latest = std::time(nullptr) - older_than.count();
  for (const std::string& entry : names_in(*directory)) {
    if (!is_beside(entry, name)) continue;
    struct stat status {};
    const bool seen = fstatat(directory->get(), entry.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (seen && status.st_mtime <= latest) unlinkat(directory->get(), entry.c_str(), 0);
  }
}

Result<std::string> read_file(const std::string& path, size_t limit) {
  const Fd fd(::open(path.c_str(), kToRead));
  return read_open(fd, path, limit);
}

Result<std::string> read_own_file(const std::string& path, size_t limit, Author author) {
  const Result<Place> place = walk_to(path, refuse_links_of_others);
  if (!place) return place.error();
  const Fd fd(openat(place->directory.get(), place->name.c_str(), kToRead | O_NOFOLLOW));
  struct stat file {};
  struct stat directory {};
  if (!fd || fstat(fd.get(), &file) != 0) return system_error(errno, path);
  if (fstat(place->directory.get(), &directory) != 0) return system_error(errno, path);
  const bool ours = file.st_uid == 0 || file.st_uid == geteuid() ||
                    (author == Author::kOfDirectory && file.st_uid == directory.st_uid);
  if (!ours) {
    return Error{ErrorKind::kDenied, path,
                 "belongs to user " + std::to_string(file.st_uid) + ", who is not trusted"};
  }
  return read_open(fd, path, limit);
}

}  // namespace efa
