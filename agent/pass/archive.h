// The archive that a recording is kept in: a .tar.zst, packed and unpacked in memory, by
// libarchive. It comes with libraries of 40 MB (libxml2, ICU), so it lies in a module that is
// loaded when a recording is made or replayed: archive.so beside the probes.
#pragma once

#include <map>
#include <string>

#include "probes/base/result.h"

namespace efa {

constexpr size_t kMaxArchiveEntries = 256;

using ArchiveEntries = std::map<std::string, std::string>;  // text by path

// Equal entries give equal bytes.
Result<std::string> pack_archive(const ArchiveEntries& entries);
// Bounded: a hostile archive is refused, and nothing of it is written anywhere. `where` is what
// errors name.
Result<ArchiveEntries> unpack_archive(const std::string& packed, const std::string& where);

// What the module has, under its one name.
struct ArchiveModule {
  Result<std::string> (*pack)(const ArchiveEntries& entries);
  Result<ArchiveEntries> (*unpack)(const std::string& packed, const std::string& where);
};
constexpr const char* kArchiveModule = "efa_doctor_archive";

}  // namespace efa
