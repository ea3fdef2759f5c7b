#include "probes/log/library_crash.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/log/record.h"

namespace efa {
namespace {

constexpr std::string_view kKept = "[0]: segfault at 0 in ";

// What follows the number of the process.
constexpr std::string_view kSigns[] = {
    "]: segfault at ", "] general protection fault ip:", "] trap ", "]: unhandled exception: "};

// Where the kernel's own words begin; a process's name, up to 15 bytes of any text, is before them.
size_t sign_in(std::string_view text) {
  constexpr size_t kLast = sizeof "traps: " + 15 + sizeof "[4194304";
  const std::string_view begin = text.substr(0, kLast + kSigns[1].size());
  size_t first = std::string_view::npos;
  for (const std::string_view sign : kSigns) first = std::min(first, begin.find(sign));
  return first;
}

// "libfabric.so.1.24.0"; libefa-fi.so is its efa provider where that is a file of its own. A copy
// that a Python package brings has letters of its own in the name, which are not kept.
std::string told_library(std::string_view file) {
  constexpr size_t kLongest = 16;  // ".so.1.24.0"
  const size_t suffix = file.find(".so");
  if (suffix == std::string_view::npos) return "";
  const std::string_view name = file.substr(0, suffix);
  const std::string_view numbers = file.substr(suffix);
  const bool known = numbers.size() <= kLongest &&
                     numbers.find_first_not_of("0123456789.", 3) == std::string_view::npos;
  if (!known) return "";
  if (name == "libefa-fi") return std::string(file);
  const bool is_it = name == "libfabric" || name.starts_with("libfabric-");
  return is_it ? "libfabric" + std::string(numbers) : "";
}

}  // namespace

std::optional<LibraryCrash> parse_library_crash(std::string_view record) {
  constexpr std::string_view kIn = " in ";
  const auto parsed = parse_kernel_record(record);
  if (!parsed || !is_kernels_own(*parsed)) return std::nullopt;
  const size_t sign = sign_in(parsed->text);
  const size_t in = sign == std::string_view::npos ? sign : parsed->text.rfind(kIn);
  if (in == std::string_view::npos || in < sign) return std::nullopt;
  const std::string_view file = parsed->text.substr(in + kIn.size());
  const size_t end = file.find('[');
  const std::string library = told_library(file.substr(0, end));
  if (end == std::string_view::npos || library.empty()) return std::nullopt;
  return LibraryCrash{parsed->usec, library};
}

std::string words_of_library_crash(std::string_view record) {
  const auto crash = parse_library_crash(record);
  if (!crash) return "";
  return std::string(record.substr(0, record.find(';') + 1)) + std::string(kKept) + crash->library +
         "[";
}

}  // namespace efa
