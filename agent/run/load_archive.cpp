#include <dlfcn.h>

#include "agent/run/archive.h"
#include "agent/run/pass.h"

namespace efa {
namespace {

// dlerror(3) names the file.
Result<const ArchiveModule*> load() {
  void* library = dlopen((find_libexec() + "/archive.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  void* module = library == nullptr ? nullptr : dlsym(library, kArchiveModule);
  if (module == nullptr) return Error{ErrorKind::kNotFound, "recording", dlerror()};
  return static_cast<const ArchiveModule*>(module);
}

const Result<const ArchiveModule*>& archive_module() {
  static const Result<const ArchiveModule*> kModule = load();
  return kModule;
}

}  // namespace

Result<std::string> pack_archive(const ArchiveEntries& entries) {
  if (!archive_module()) return archive_module().error();
  return (*archive_module())->pack(entries);
}

Result<ArchiveEntries> unpack_archive(const std::string& packed, const std::string& where) {
  if (!archive_module()) return archive_module().error();
  return (*archive_module())->unpack(packed, where);
}

}  // namespace efa
