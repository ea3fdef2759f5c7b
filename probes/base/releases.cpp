#include "probes/base/releases.h"

#include "probes/base/text.h"

namespace efa {
namespace {

// The numbers behind "<name>.so."
std::vector<int> numbers_of(std::string_view path, std::string_view name) {
  const std::string file = base_name(path);
  const std::string before = std::string(name) + ".so.";
  std::vector<int> numbers;
  if (!file.starts_with(before)) return numbers;
  for (const std::string& part : split(std::string_view(file).substr(before.size()), '.')) {
    const auto number = parse_number<int>(part);
    if (!number || *number < 0) return {};
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace

std::optional<Release> libfabric_release(std::string_view path) {
  constexpr int kFirstOfOne = 14;  // 1.11; 1.10.0 and 1.9 have one number
  constexpr int kFirstOfTwo = 26;  // 2.0
  const std::vector<int> numbers = numbers_of(path, "libfabric");
  if (numbers.size() < 2 || numbers[0] != 1 || numbers[1] < kFirstOfOne) return std::nullopt;
  if (numbers[1] < kFirstOfTwo) return Release{1, numbers[1] - 3};
  return Release{2, numbers[1] - kFirstOfTwo};
}

std::optional<int> rdma_core_version(std::string_view path) {
  std::vector<int> numbers = numbers_of(path, "libibverbs");
  if (numbers.empty()) numbers = numbers_of(path, "libefa");
  if (numbers.size() < 3) return std::nullopt;
  return numbers[2];
}

std::optional<std::string> only_library(const std::vector<std::string>& paths,
                                        std::string_view name) {
  std::optional<std::string> found;
  for (const std::string& path : paths) {
    if (!base_name(path).starts_with(name)) continue;
    if (found) return std::nullopt;
    found = path;
  }
  return found;
}

}  // namespace efa
