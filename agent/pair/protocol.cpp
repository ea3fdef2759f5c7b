#include "agent/pair/protocol.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "agent/pair/options.h"
#include "probes/base/printable.h"
#include "probes/base/text.h"
#include "probes/data/words.h"

namespace efa {
namespace {

struct RefusalWords {
  const char* word;
  const char* words;
};
// In the order of Refusal.
constexpr RefusalWords kRefusals[] = {
    {"busy", "the server tests with another client; try again once it is served"},
    {"protocol", "the server speaks another version of the protocol"},
    {"token", "the server knows another token"},
    {"too-long", "a line was longer than 64 KiB"},
    {"not-understood", "the server did not understand a line"},
    {"too-slow", "the server waited 10 s for a line"},
};

// In the order of PairStep.
constexpr const char* kSteps[] = {"setup",  "reach",    "receive", "send",    "received", "echo",
                                  "ping",   "sink",     "stream",  "write",   "read",     "ended",
                                  "digest", "counters", "look",    "compare", "release",  "bye"};

}  // namespace

const char* word_of(Refusal refusal) {
  return kRefusals[static_cast<size_t>(refusal)].word;
}

std::string refusal_words(const std::string& word) {
  constexpr size_t kMost = 40;
  for (const RefusalWords& one : kRefusals) {
    if (word == one.word) return one.words;
  }
  return "the server refuses: " + printable(word, kMost);
}

const char* word_of(PairStep step) {
  return kSteps[static_cast<size_t>(step)];
}

std::optional<PairStep> pair_step(std::string_view word) {
  const auto* found = std::find(std::begin(kSteps), std::end(kSteps), word);
  if (found == std::end(kSteps)) return std::nullopt;
  return static_cast<PairStep>(found - std::begin(kSteps));
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string why_no_device(const PairHello& hello) {
  if (!hello.list_failed) return "no EFA device";
  const auto& [call, reason, os_error] = *hello.list_failed;
  const std::string words = fmt::format("{}: {}", call, reason);
  // of libibverbs, where the kernel's ib_uverbs is not loaded: no driver brought a device
  if (os_error == ENOSYS) return fmt::format("no EFA device: the kernel has none ({})", words);
  return fmt::format("devices that could not be listed: {}", words);
}

PairAddress to_pair(const DataAddress& address) {
  const std::string gid(address.gid.begin(), address.gid.end());
  const std::string name(address.name.begin(), address.name.begin() + address.name_bytes);
  return {to_hex(gid),    address.number,     address.key,
          address.memory, address.memory_key, to_hex(name)};
}

std::optional<DataAddress> from_pair(const PairAddress& address) {
  DataAddress data;
  const bool right = address.gid.size() == 2 * data.gid.size() && is_hex(address.gid) &&
                     address.name.size() <= 2 * data.name.size() && address.name.size() % 2 == 0 &&
                     is_hex(address.name);
  if (!right) return std::nullopt;
  const std::string gid = from_hex(address.gid);
  const std::string name = from_hex(address.name);
  std::copy(gid.begin(), gid.end(), data.gid.begin());
  std::copy(name.begin(), name.end(), data.name.begin());
  data.name_bytes = static_cast<uint32_t>(name.size());
  data.number = address.number;
  data.key = address.key;
  data.memory = address.memory;
  data.memory_key = address.memory_key;
  return data;
}

std::string why_not(const PairOrder& order) {
  constexpr int64_t kMostMs = kMostPairSeconds * 1000;
  const auto step = pair_step(order.step);
  if (!step) return "no such step";
  if (order.bytes > kMostPairBytes) return "more bytes than 8 MiB";
  if (order.ms < 0 || order.ms > kMostMs) return "a time that is not 0 to 60 s";
  if (*step == PairStep::kReach && !(order.address && from_pair(*order.address))) {
    return "no address to reach";
  }
  return "";
}

bool went_well(const PairAnswer& answer) {
  const bool ran = !answer.failed && !answer.hung && !answer.ended && !answer.gone &&
                   answer.holders.empty() && !answer.other_test && !answer.users_unseen;
  return ran && (!answer.transfer || end_of(*answer.transfer) == DataEnd::kArrived);
}

}  // namespace efa
