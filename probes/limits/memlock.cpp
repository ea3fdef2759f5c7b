#include "probes/limits/memlock.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "probes/base/text.h"

namespace efa {
namespace {

// DEFAULT_RLIMIT_MEMLOCK of systemd; older ones leave the kernel's, which is no more
constexpr uint64_t kBuiltInKib = 8192;

// Base 1024, fractions and sums of falling units, as systemd takes them: "65536", "64K", "1.5G",
// "1G 512M". In KiB.
std::optional<uint64_t> parse_kib(std::string_view text) {
  constexpr std::string_view kUnits = "BKMGTPE";
  constexpr double kMost = 9007199254740992;  // KiB of a file offset, as many as systemd takes
  double sum = 0;
  size_t below = kUnits.size();  // the unit of the next part is a smaller one
  for (text = trim(text); !text.empty(); text = trim(text)) {
    double number = 0;
    if (text.front() < '0' || text.front() > '9') return std::nullopt;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc()) return std::nullopt;
    text = trim(text.substr(static_cast<size_t>(end - text.data())));
    const size_t named = text.empty() ? std::string_view::npos : kUnits.find(text.front());
    const size_t unit = named == std::string_view::npos ? 0 : named;
    if (unit >= below) return std::nullopt;
    if (named != std::string_view::npos) text.remove_prefix(1);
    below = unit;
    sum += std::ldexp(number, 10 * (static_cast<int>(unit) - 1));
  }
  if (below == kUnits.size() || sum >= kMost) return std::nullopt;
  return static_cast<uint64_t>(sum);
}

// One of both halves; `unlimited` and no number for "infinity".
struct Half {
  bool unlimited = false;
  uint64_t kib = 0;
};

LockedMemory memory_of(const Half& soft, const Half& hard) {
  LockedMemory memory;
  memory.unlimited = soft.unlimited;
  if (!soft.unlimited) memory.soft_kib = soft.kib;
  memory.hard_unlimited = hard.unlimited;
  if (!hard.unlimited) memory.hard_kib = hard.kib;
  return memory;
}

Half soft_of(const LockedMemory& memory) {
  return {memory.unlimited, memory.soft_kib.value_or(0)};
}

Half hard_of(const LockedMemory& memory) {
  if (!memory.hard_unlimited) return soft_of(memory);
  return {*memory.hard_unlimited, memory.hard_kib.value_or(0)};
}

std::optional<Half> parse_half(std::string_view text) {
  text = trim(text);
  if (text == "infinity") return Half{true, 0};
  const auto kib = parse_kib(text);
  return kib ? std::optional(Half{false, *kib}) : std::nullopt;
}

// As pam_limits: KiB; what follows the digits does not count, so "64G" is 64 KiB.
std::optional<Half> parse_pam_half(const std::string& value) {
  constexpr uint64_t kEndless = UINT64_MAX / 1024;
  for (const char* word : {"unlimited", "infinity", "-1", "-"}) {
    if (value == word) return Half{true, 0};
  }
  const std::string digits = value.substr(0, value.find_first_not_of("0123456789"));
  if (digits.empty()) return std::nullopt;
  const uint64_t kib = parse_number<uint64_t>(digits).value_or(kEndless);
  return kib < kEndless ? Half{false, kib} : Half{true, 0};
}

bool is_more(const Half& one, const Half& other) {
  return !other.unlimited && (one.unlimited || one.kib > other.kib);
}

bool suffices(const Half& half) {
  return half.unlimited || half.kib >= kEnoughLockedKib;
}

std::string words_of(const Half& half) {
  return half.unlimited ? "unlimited" : std::to_string(half.kib) + " KiB";
}

// How much a line's domain says of an ordinary user: pam_limits prefers a user's (and a range of
// user ids is one) to everybody's, wherever the lines are.
enum class Meant { kNot, kEverybody, kUser };

Meant meant_by(const std::string& domain) {
  constexpr uint64_t kFirstUser = 1000;  // UID_MIN and UID_MAX of login.defs(5)
  constexpr uint64_t kLastUser = 60000;
  if (domain == "*") return Meant::kEverybody;
  const size_t colon = domain.find(':');
  if (colon == std::string::npos || domain.starts_with('@')) return Meant::kNot;
  const auto first = parse_number<uint64_t>(domain.substr(0, colon));
  const std::string end = domain.substr(colon + 1);
  const auto last = end.empty() ? std::optional(kLastUser) : parse_number<uint64_t>(end);
  const bool all = first && last && *first <= kFirstUser && *last >= kLastUser;
  return all ? Meant::kUser : Meant::kNot;
}

// The line that holds so far for the soft or the hard limit.
struct Held {
  Meant by = Meant::kNot;
  Half half;
  std::string source;

  void take(Meant meant, const Half& value, const std::string& file) {
    if (meant < by) return;
    by = meant;
    half = value;
    source = file;
  }
};

}  // namespace

bool is_enough(const LockedMemory& memory) {
  return suffices(soft_of(memory));
}

bool may_raise_to_enough(const LockedMemory& memory) {
  return suffices(hard_of(memory));
}

std::string words_of(const LockedMemory& memory) {
  const std::string soft = words_of(soft_of(memory));
  const std::string hard = words_of(hard_of(memory));
  return soft == hard ? soft : soft + " (hard limit " + hard + ")";
}

std::optional<LockedMemory> parse_unit_limit(std::string_view value) {
  const size_t colon = value.find(':');
  const auto soft = parse_half(value.substr(0, colon));
  const auto hard = colon == std::string_view::npos ? soft : parse_half(value.substr(colon + 1));
  if (!soft || !hard || is_more(*soft, *hard)) return std::nullopt;
  return memory_of(*soft, *hard);
}

GivenLimit last_of(const std::vector<MemlockSetting>& settings) {
  GivenLimit given;
  for (const MemlockSetting& setting : settings) {
    if (setting.value.empty()) {
      given = {};
    } else if (const auto memory = parse_unit_limit(setting.value)) {
      given = {memory, setting.source};
    }
  }
  return given;
}

GivenLimit unit_limit(const LimitsFacts& facts, const UnitOnDisk& unit) {
  GivenLimit own = last_of(unit.memlock);
  if (own.memory) return own;
  const GivenLimit manager = last_of(facts.manager);
  if (manager.memory) return {manager.memory, manager.source + " (DefaultLimitMEMLOCK)"};
  if (facts.default_locked_memory) return {facts.default_locked_memory, "systemd's default"};
  const Half built_in{false, kBuiltInKib};
  return {memory_of(built_in, built_in), "systemd's default"};
}

GivenLimit login_limit(const std::vector<PamLimit>& lines, const GivenLimit& inherited) {
  Held soft;
  Held hard;
  for (const PamLimit& line : lines) {
    const Meant meant = meant_by(line.domain);
    const auto value = parse_pam_half(line.value);
    if (meant == Meant::kNot || !value) continue;
    if (line.type == "soft" || line.type == "-") soft.take(meant, *value, line.source);
    if (line.type == "hard" || line.type == "-") hard.take(meant, *value, line.source);
  }
  if (soft.by == Meant::kNot && hard.by == Meant::kNot) return inherited;
  const bool whole = soft.by != Meant::kNot && hard.by != Meant::kNot;
  if (!whole && !inherited.memory) return {std::nullopt, inherited.source};
  const Half most = hard.by != Meant::kNot ? hard.half : hard_of(*inherited.memory);
  Half start = soft.by != Meant::kNot ? soft.half : soft_of(*inherited.memory);
  // the half that no line gives stays; a soft limit above the hard one becomes the hard one
  const bool cut = is_more(start, most);
  if (cut) start = most;
  const bool by_hard = cut ? hard.by != Meant::kNot : soft.by == Meant::kNot;
  const std::string& source = by_hard ? hard.source : soft.source;
  return {memory_of(start, most), source};
}

bool gives_enough_to_some(const std::vector<PamLimit>& lines) {
  return std::any_of(lines.begin(), lines.end(), [](const PamLimit& line) {
    const auto value = parse_pam_half(line.value);
    return meant_by(line.domain) == Meant::kNot && line.domain != "root" && value &&
           suffices(*value) && line.type != "hard";
  });
}

}  // namespace efa
