#include "tests/support/said.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "probes/base/text.h"

namespace efa {

std::string seen(const std::string& verb, const std::string& path, const Value& is) {
  Value look;
  look.set("look", verb);
  look.set("path", path);
  look.set("is", is);
  return render_json(look) + "\n";
}

std::string unseen(const std::string& verb, const std::string& path, int os_error) {
  Value look;
  look.set("look", verb);
  look.set("path", path);
  look.set("errno", static_cast<int64_t>(os_error));
  return render_json(look) + "\n";
}

std::string efa_behind(const std::string& name, const std::string& pci_address) {
  const std::string function = "/sys/bus/pci/devices/" + pci_address;
  return seen("link", "/sys/class/infiniband/" + name + "/device", "../../../" + pci_address) +
         seen("read", function + "/vendor", "0x1d0f") +
         seen("read", function + "/device", "0xefa1");
}

Said::Said() : fd_(memfd_create("said", MFD_CLOEXEC)) {
  if (fd_ < 0) std::abort();
}

Said::~Said() {
  close(fd_);
}

void Said::read(const std::string& looks, const std::function<void(const Look&)>& reader,
                const std::map<std::string, std::string>& options) {
  const Result<Sysroot> root = Sysroot::replay(looks);
  if (!root) std::abort();
  read(*root, reader, options);
}

void Said::read(const Sysroot& root, const std::function<void(const Look&)>& reader,
                const std::map<std::string, std::string>& options, std::chrono::seconds limit) {
  const Emitter out(fd_);
  const auto end = std::chrono::steady_clock::now() + limit;
  reader({root, out, end, end, {}, options});
}

std::vector<std::string> Said::lines() const {
  std::string text(static_cast<size_t>(lseek(fd_, 0, SEEK_END)), '\0');
  if (pread(fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) std::abort();
  return split(trim_end(text), '\n');
}

Value Said::facts() const {
  Value facts{Object{}};
  for (const std::string& text : lines()) {
    const Result<Value> line = parse_json(text, "line");
    const Value* value = line ? line->find("value") : nullptr;
    if (value == nullptr) continue;
    if (line->find("set") != nullptr) facts.set(line->text("set"), *value);
    if (line->find("add") != nullptr) facts.add(line->text("add"), *value);
  }
  return facts;
}

}  // namespace efa
