#include "agent/config/paths.h"
#include "agent/pass/archive.h"
#include "probes/base/module.h"

namespace efa {
namespace {

const Result<const ArchiveModule*>& archive_module() {
  static const Result<const ArchiveModule*> kModule =
      load_module<ArchiveModule>(find_libexec() + "/archive.so", kArchiveModule);
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
