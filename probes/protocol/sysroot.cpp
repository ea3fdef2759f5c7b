#include "probes/protocol/sysroot.h"

#include <cerrno>

#include "probes/base/bounds.h"
#include "probes/base/describe.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kMaxLooks = 100'000;  // of one probe: /proc of 30,000 processes

}  // namespace

template <class Io>
void describe(Io& io, FileStatus& status) {
  io("mode", status.mode);
  io("uid", status.uid);
  io("gid", status.gid);
  io("major", status.major);
  io("minor", status.minor);
  io("inode", status.inode);
  io("file_system", status.file_system);
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

void take_flag(const Value& line, const char* name, bool& flag) {
  const Value* member = line.find(name);
  if (member != nullptr && member->as<bool>() != nullptr) flag = *member->as<bool>();
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

Result<Sysroot> Sysroot::open(const std::string& directory, const std::string& host_root) {
  Result<RootedFiles> files = RootedFiles::open(directory);
  if (!files) return files.error();
  Sysroot root;
  root.live_ = files->live();
  root.files_.emplace(std::move(*files));
  if (host_root.empty()) return root;
  Result<RootedFiles> mounted = RootedFiles::open_mounted(host_root);
  if (!mounted) return mounted.error();
  root.mounted_.emplace(std::move(*mounted));
  root.from_container_ = true;
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
    take_flag(*look, "live", root.live_);
    take_flag(*look, "from_container", root.from_container_);
    root.looks_.emplace(look->text("look") + " " + look->text("path"), *look);
  }
  return root;
}

void Sysroot::record_to(Recorder record) {
  record_ = std::move(record);
  Value root;
  root.set("live", live_);
  if (from_container_) root.set("from_container", true);
  record_(std::move(root));
}

const RootedFiles& Sysroot::files_of(const std::string& path) const {
  const bool is_kernels = path.starts_with("/proc") || path.starts_with("/sys");
  return mounted_ && !is_kernels ? *mounted_ : *files_;
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

Result<std::string> Sysroot::read(const std::string& path, size_t limit) const {
  return look<std::string>("read", path, [&]() -> Result<std::string> {
    Result<std::string> text = files_of(path).read(path, limit, /*whole=*/true);
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
                           [&] { return files_of(path).read(path, limit, /*whole=*/false); });
}

Result<std::string> Sysroot::read_part(
    const std::string& path, size_t limit,
    const std::function<std::string(const std::string&)>& part) const {
  return look<std::string>("part", path, [&]() -> Result<std::string> {
    Result<std::string> bytes = files_of(path).read(path, limit, /*whole=*/false);
    if (bytes) *bytes = part(*bytes);
    return bytes;
  });
}

Result<std::vector<std::string>> Sysroot::read_lines(const std::string& path, const KeepLine& keep,
                                                     size_t limit, char separator) const {
  return look<std::vector<std::string>>(
      "lines", path, [&] { return files_of(path).read_lines(path, keep, limit, separator); });
}

Result<std::string> Sysroot::link(const std::string& path) const {
  return look<std::string>("link", path, [&] { return files_of(path).link(path); });
}

Result<std::vector<std::string>> Sysroot::link_targets(const std::string& directory,
                                                       const KeepLine& keep, size_t limit) const {
  return look<std::vector<std::string>>(
      "links", directory, [&] { return files_of(directory).link_targets(directory, keep, limit); });
}

Result<std::vector<std::string>> Sysroot::list(const std::string& directory, size_t limit) const {
  return look<std::vector<std::string>>("list", directory,
                                        [&] { return files_of(directory).list(directory, limit); });
}

Result<FileStatus> Sysroot::status(const std::string& path) const {
  return look<FileStatus>("status", path, [&] { return files_of(path).status(path); });
}

Result<Space> Sysroot::space(const std::string& path) const {
  return look<Space>("space", path, [&] { return files_of(path).space(path); });
}

Result<Done> Sysroot::open_device(const std::string& path) const {
  return look<Done>("open", path, [&] { return files_of(path).open_device(path); });
}

Result<std::vector<std::string>> Sysroot::kernel_messages(const KeepLine& keep) const {
  const std::string path = "/dev/kmsg";
  if (!replaying() && !live_) return read_lines(path, keep, size_t{8} * 1024 * 1024);
  return look<std::vector<std::string>>(live_ ? "kmsg" : "lines", path,
                                        [&] { return files_of(path).kernel_messages(path, keep); });
}

}  // namespace efa
