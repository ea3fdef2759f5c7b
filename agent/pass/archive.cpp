#include "agent/pass/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "probes/base/decompress.h"

namespace efa {
namespace {

constexpr size_t kMaxEntry = size_t{16} * 1024 * 1024;    // a probe's output has at most 8 MiB
constexpr size_t kMaxArchive = size_t{32} * 1024 * 1024;  // that of a p5.48xlarge: 2 MiB

struct FreeWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct FreeReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

// The tar checks its own headers, and zstd, as libarchive writes it, nothing.
constexpr const char* kChecksum = "crc32";

std::string checksum_of(const ArchiveEntries& entries) {
  uLong checksum = crc32(0, nullptr, 0);
  for (const auto& [name, text] : entries) {
    for (const std::string* part : {&name, &text}) {
      checksum = crc32_z(checksum, reinterpret_cast<const Bytef*>(part->data()), part->size());
    }
  }
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "%08lx\n", checksum);
  return digits.data();
}

la_ssize_t append(archive* /*writer*/, void* target, const void* bytes, size_t count) {
  static_cast<std::string*>(target)->append(static_cast<const char*>(bytes), count);
  return static_cast<la_ssize_t>(count);
}

bool put_entry(archive* writer, const std::string& name, const std::string& text) {
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(text.size()));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  return archive_write_header(writer, entry.get()) == ARCHIVE_OK &&
         archive_write_data(writer, text.data(), text.size()) ==
             static_cast<la_ssize_t>(text.size());
}

Result<std::string> read_data(archive* reader, size_t limit, const std::string& where) {
  std::string text;
  char buffer[65536];
  while (true) {
    const la_ssize_t count = archive_read_data(reader, buffer, sizeof buffer);
    if (count < 0) return malformed(where, "is damaged");
    if (count == 0) return text;
    text.append(buffer, static_cast<size_t>(count));
    if (text.size() > limit) return Error{ErrorKind::kTooLarge, where, "is larger than it can be"};
  }
}

// Whether libarchive undoes by itself what has made these bytes smaller. It can be built without
// the library for it, and then starts a program of that name, which need not be there.
bool undoes_by_itself(archive* reader, const std::string& packed) {
  const bool gzip = archive_read_support_filter_gzip(reader) == ARCHIVE_OK;
  const bool xz = archive_read_support_filter_xz(reader) == ARCHIVE_OK;
  const bool zstd = archive_read_support_filter_zstd(reader) == ARCHIVE_OK;
  if (packed.starts_with("\x1f\x8b")) return gzip;
  if (packed.starts_with("\xfd")) return xz;
  return !packed.starts_with("\x28\xb5\x2f\xfd") || zstd;
}

Result<std::string> decompress(const std::string& packed, size_t limit, const std::string& where) {
  const std::unique_ptr<archive, FreeReader> reader(archive_read_new());
  if (!undoes_by_itself(reader.get(), packed)) {
    return Error{ErrorKind::kNotFound, where, "is compressed in a way that libarchive lacks here"};
  }
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_memory(reader.get(), packed.data(), packed.size()) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
    return malformed(where, "is not compressed in a way that is known");
  }
  return read_data(reader.get(), limit, where);
}

Result<ArchiveEntries> read_entries(archive* reader, const std::string& where) {
  ArchiveEntries entries;
  size_t total = 0;
  size_t count = 0;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(reader, &entry)) == ARCHIVE_OK) {
    if (++count > kMaxArchiveEntries) return malformed(where, "is larger than it can be");
    const char* pathname = archive_entry_pathname(entry);
    const std::string name = pathname == nullptr ? "" : pathname;
    Result<std::string> text = read_data(reader, std::min(kMaxEntry, kMaxArchive - total), where);
    if (!text) return text.error();
    total += text->size();
    entries[name] = std::move(*text);
  }
  if (status != ARCHIVE_EOF) return malformed(where, "is damaged");
  const auto checksum = entries.extract(kChecksum);  // one made by hand may have none
  if (checksum && checksum.mapped() != checksum_of(entries)) return malformed(where, "is damaged");
  return entries;
}

// First out of its compression and only then taken apart: so nothing of an archive, be it long
// names, holes or entries that nobody asks for, costs more than its bytes.
Result<ArchiveEntries> unpack_entries(const std::string& packed, const std::string& where) {
  const Result<std::string> tar = decompress(packed, kMaxArchive, where);
  if (!tar) return tar.error();
  const std::unique_ptr<archive, FreeReader> reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), tar->data(), tar->size()) != ARCHIVE_OK) {
    return malformed(where, "is not a recording");
  }
  return read_entries(reader.get(), where);
}

Result<std::string> pack_entries(const ArchiveEntries& entries) {
  std::string packed;
  const std::unique_ptr<archive, FreeWriter> writer(archive_write_new());
  archive_write_add_filter_zstd(writer.get());
  archive_write_set_format_pax_restricted(writer.get());
  archive_write_set_bytes_in_last_block(writer.get(), 1);  // zeros behind the zstd frame are none
  archive_write_open(writer.get(), &packed, nullptr, append, nullptr);
  bool fine = true;
  for (const auto& [name, text] : entries) fine = fine && put_entry(writer.get(), name, text);
  fine = fine && put_entry(writer.get(), kChecksum, checksum_of(entries));
  if (!fine || archive_write_close(writer.get()) != ARCHIVE_OK) {
    const char* words = archive_error_string(writer.get());
    return Error{ErrorKind::kInputOutput, "recording", words == nullptr ? "not packed" : words};
  }
  return packed;
}

}  // namespace
}  // namespace efa

// found by its name in what was loaded
extern "C" const efa::ArchiveModule efa_doctor_archive{efa::pack_entries,  // NOLINT
                                                       efa::unpack_entries};
extern "C" const efa::DecompressModule efa_doctor_decompress{efa::decompress};  // NOLINT
