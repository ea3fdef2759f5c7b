#include "probes/software/parse.h"

#include <cstdint>
#include <cstring>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kMaxPackages = 256;
constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";

std::optional<uint32_t> number_at(std::string_view bytes, size_t offset) {
  if (offset + sizeof(uint32_t) > bytes.size()) return std::nullopt;
  uint32_t number = 0;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

std::string_view string_at(std::string_view bytes, size_t offset) {
  if (offset >= bytes.size()) return {};
  const size_t end = bytes.find('\0', offset);
  return end == std::string_view::npos ? std::string_view() : bytes.substr(offset, end - offset);
}

}  // namespace

InstalledPackages parse_installed_packages(std::string_view text) {
  constexpr std::string_view kVersion = "# EFA installer version:";
  InstalledPackages installed;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with(kVersion)) {
      const std::string_view version = trim(std::string_view(line).substr(kVersion.size()));
      if (!version.empty()) installed.version = version;
    } else if (!line.starts_with("#")) {
      for (const std::string& package : words(line)) {
        if (installed.packages.size() < kMaxPackages) installed.packages.push_back(package);
      }
    }
  }
  return installed;
}

bool is_loader_cache(std::string_view cache) {
  return cache.find(kMagic) != std::string_view::npos;
}

std::optional<std::string> parse_loader_cache(std::string_view cache, std::string_view name) {
  constexpr size_t kHeader = 48;  // magic, two counts, flags, extension offset, three unused
  constexpr size_t kEntry = 24;   // flags, name, path (offsets), OS version, hardware (64 bits)
  const size_t start = cache.find(kMagic);  // an older format may lie before it
  if (start == std::string_view::npos) return std::nullopt;
  const std::string_view bytes = cache.substr(start);
  const uint32_t count = number_at(bytes, kMagic.size()).value_or(0);
  for (size_t i = 0; i < count; ++i) {
    const auto key = number_at(bytes, kHeader + i * kEntry + 4);
    const auto value = number_at(bytes, kHeader + i * kEntry + 8);
    if (!key || !value) return std::nullopt;
    if (string_at(bytes, *key) == name) return std::string(string_at(bytes, *value));
  }
  return std::nullopt;
}

}  // namespace efa
