#include "agent/mesh/host_list.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr const char* kWhere = "list of hosts";

// "001-003" -> "001", "002", "003"; "7" -> "7"
Result<Done> add_range(const std::string& range, std::vector<std::string>& numbers) {
  const std::vector<std::string> ends = split(range, '-');
  const auto first = parse_number<uint32_t>(ends[0]);
  const auto last = parse_number<uint32_t>(ends.back());
  if (ends.size() > 2 || !first || !last || *first > *last || *last - *first >= kMostHosts) {
    return malformed(kWhere, fmt::format("'{}' is no range of numbers", range));
  }
  for (uint32_t number = *first; number <= *last; ++number) {
    numbers.push_back(fmt::format("{:0{}}", number, ends[0].size()));
  }
  return Done{};
}

// One host, or one with brackets; several brackets multiply.
Result<Done> add_hosts(std::string_view text, std::vector<std::string>& hosts) {
  std::vector<std::string> begun = {""};
  while (!text.empty()) {
    const size_t open = text.find('[');
    for (std::string& host : begun) host += text.substr(0, open);
    if (open == std::string_view::npos) break;
    const size_t close = text.find(']', open);
    if (close == std::string_view::npos) return malformed(kWhere, "a '[' without its ']'");
    std::vector<std::string> numbers;
    for (const std::string& range : split(text.substr(open + 1, close - open - 1), ',')) {
      Result<Done> added = add_range(range, numbers);
      if (!added) return added;
      if (numbers.size() > kMostHosts) return malformed(kWhere, "too many hosts");
    }
    if (numbers.size() * begun.size() > kMostHosts) return malformed(kWhere, "too many hosts");
    std::vector<std::string> all;
    for (const std::string& host : begun) {
      for (const std::string& number : numbers) all.push_back(host + number);
    }
    begun = std::move(all);
    text.remove_prefix(close + 1);
  }
  hosts.insert(hosts.end(), begun.begin(), begun.end());
  return Done{};
}

// At commas that stand in no brackets.
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  size_t from = 0;
  bool inside = false;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char letter = i < text.size() ? text[i] : ',';
    if (letter == '[') inside = true;
    if (letter == ']') inside = false;
    if (letter != ',' || (inside && i < text.size())) continue;
    parts.push_back(text.substr(from, i - from));
    from = i + 1;
  }
  return parts;
}

// "p5-001" -> where "001" begins; npos without a number at its end that fits.
size_t last_number(const std::string& name) {
  constexpr size_t kMostDigits = 9;
  size_t begin = name.size();
  while (begin > 0 && is_digit(name[begin - 1])) --begin;
  const size_t digits = name.size() - begin;
  return digits == 0 || digits > kMostDigits ? std::string::npos : begin;
}

std::string ranges_of(std::vector<std::string> numbers) {
  std::vector<std::string> ranges;
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  for (size_t first = 0; first < numbers.size();) {
    size_t last = first;
    const auto value = [&](size_t i) { return *parse_number<uint32_t>(numbers[i]); };
    while (last + 1 < numbers.size() && value(last + 1) == value(last) + 1) ++last;
    ranges.push_back(first == last ? numbers[first] : numbers[first] + "-" + numbers[last]);
    first = last + 1;
  }
  return join(ranges, ",");
}

}  // namespace

Result<std::vector<std::string>> parse_host_list(std::string_view text) {
  std::vector<std::string> hosts;
  for (const std::string_view part : parts_of(text)) {
    if (part.empty()) return malformed(kWhere, "a host without a name");
    const Result<Done> added = add_hosts(part, hosts);
    if (!added) return added.error();
    if (hosts.size() > kMostHosts) return malformed(kWhere, "too many hosts");
  }
  return hosts;
}

std::string host_list_of(std::vector<std::string> names) {
  // numbers of one length, so that leading zeros stay
  std::map<std::pair<std::string, size_t>, std::vector<std::string>> groups;
  std::vector<std::string> parts;
  for (std::string& name : names) {
    const size_t number = last_number(name);
    if (number == std::string::npos) {
      parts.push_back(std::move(name));
      continue;
    }
    const std::string digits = name.substr(number);
    groups[{name.substr(0, number), digits.size()}].push_back(digits);
  }
  for (auto& [key, numbers] : groups) {
    const bool alone = numbers.size() == 1;
    parts.push_back(key.first + (alone ? numbers[0] : fmt::format("[{}]", ranges_of(numbers))));
  }
  std::sort(parts.begin(), parts.end());
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return join(parts, ",");
}

}  // namespace efa
