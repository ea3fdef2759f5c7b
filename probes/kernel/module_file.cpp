#include "probes/kernel/module_file.h"

#include <elf.h>

#include <cstring>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr std::string_view kSignatureEnds = "~Module signature appended~\n";
constexpr std::string_view kKept[] = {"version=", "srcversion=", "vermagic=", "supported="};
constexpr size_t kMaxValue = 128;  // a kernel's release has up to 64 letters

template <class Header>
std::optional<Header> header_at(std::string_view bytes, uint64_t offset) {
  if (offset > bytes.size() || sizeof(Header) > bytes.size() - offset) return std::nullopt;
  Header header;
  std::memcpy(&header, bytes.data() + offset, sizeof header);
  return header;
}

std::string_view content_of(std::string_view bytes, const Elf64_Shdr& section) {
  if (section.sh_offset > bytes.size() || section.sh_size > bytes.size() - section.sh_offset) {
    return {};
  }
  return bytes.substr(section.sh_offset, section.sh_size);
}

std::string_view name_at(std::string_view names, size_t offset) {
  if (offset >= names.size()) return {};
  return names.substr(offset, names.substr(offset).find('\0'));
}

// The machines that have EFA are of 64 bits, little-endian first.
bool is_readable_elf(const Elf64_Ehdr& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
         header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
         header.e_shentsize == sizeof(Elf64_Shdr);
}

std::string_view modinfo_of(std::string_view bytes) {
  const auto header = header_at<Elf64_Ehdr>(bytes, 0);
  if (!header || !is_readable_elf(*header)) return {};
  const auto section = [&](size_t i) {
    const uint64_t begin = std::min<uint64_t>(header->e_shoff, bytes.size());
    return header_at<Elf64_Shdr>(bytes, begin + i * sizeof(Elf64_Shdr));
  };
  const auto names = section(header->e_shstrndx);
  if (!names) return {};
  for (size_t i = 0; i < header->e_shnum; ++i) {
    const auto one = section(i);
    if (!one) break;
    if (name_at(content_of(bytes, *names), one->sh_name) == ".modinfo") {
      return content_of(bytes, *one);
    }
  }
  return {};
}

}  // namespace

bool is_compressed(std::string_view bytes) {
  using namespace std::string_view_literals;
  return bytes.starts_with("\x1f\x8b"sv) ||
         bytes.starts_with(
             "\xfd"
             "7zXZ\0"sv) ||
         bytes.starts_with("\x28\xb5\x2f\xfd"sv);
}

std::string lines_of_module(std::string_view bytes) {
  std::string lines;
  const std::string_view modinfo = modinfo_of(bytes);
  if (modinfo.empty()) return lines;
  for (const std::string& entry : split(modinfo, '\0')) {
    for (const std::string_view key : kKept) {
      if (entry.starts_with(key)) lines += make_utf8(entry.substr(0, kMaxValue)) + "\n";
    }
  }
  return lines + "signature=" + (bytes.ends_with(kSignatureEnds) ? "yes" : "no") + "\n";
}

std::string lines_of_packed(const Result<std::string>& bytes) {
  if (!bytes && bytes.error().kind == ErrorKind::kTooLarge) return "";
  if (!bytes && bytes.error().kind != ErrorKind::kMalformed) return kIsPacked;
  const std::string lines = lines_of_module(bytes.value_or(""));
  return lines.empty() ? kIsNone : lines;
}

std::optional<ModuleFile> parse_module_lines(std::string_view lines) {
  ModuleFile file;
  bool whole = false;
  for (const std::string& line : split(lines, '\n')) {
    const size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string key = line.substr(0, equals);
    const std::string value = line.substr(equals + 1);
    if (key == "version") file.version = value;
    if (key == "srcversion") file.srcversion = value;
    if (key == "vermagic") file.vermagic = value;
    if (key == "supported") file.is_supported = value == "yes" || value == "external";
    if (key == "signature") file.has_signature = value == "yes";
    whole = whole || key == "signature";
  }
  return whole ? std::optional(file) : std::nullopt;
}

}  // namespace efa
