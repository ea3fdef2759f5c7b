#include "agent/run/state.h"

#include <algorithm>
#include <filesystem>

#include "agent/deliver/file_lock.h"
#include "agent/deliver/files.h"
#include "probes/protocol/describe.h"
#include "probes/protocol/text.h"

namespace efa {
namespace {

// Held while the state is read and written, which takes milliseconds; passes themselves may
// overlap. Without one (no rights, a full disk) the state is best effort.
Result<FileLock> lock_of(const std::string& state) {
  // what is wrong with the directory shows when the state is kept
  (void)open_directory(std::filesystem::path(state).parent_path(), /*make=*/true).ok();
  return FileLock::wait_for(state + ".lock", std::chrono::seconds(2));
}

constexpr int64_t kMaxCount = 1'000'000'000'000;  // passes, and how often a check began to fail

bool is_count(int64_t number) {
  return number >= 0 && number <= kMaxCount;
}

State read_state(const std::string& path) {
  constexpr size_t kMaxState = size_t{4} * 1024 * 1024;
  const Result<std::string> text = read_own_file(path, kMaxState);
  if (!text) return {};
  const Result<Value> value = parse_json(*text, path);
  State state = value ? from_value<State>(*value, path).value_or(State{}) : State{};
  return is_plausible(state) ? state : State{};
}

Result<Done> write_state(const std::string& path, const State& state) {
  return write_file(path, render_json(to_value(state), 1) + "\n", 0640);
}

}  // namespace

bool is_plausible_time(int64_t unix_ms) {
  constexpr int64_t kEndOfYear9999Ms = 253'402'300'799'999;  // RFC 3339 has no later ones
  return unix_ms >= 0 && unix_ms <= kEndOfYear9999Ms;
}

bool is_plausible(const State& state) {
  return is_count(state.sequence) &&
         std::all_of(state.baselines.begin(), state.baselines.end(),
                     [](const CounterBaseline& baseline) {
                       return is_plausible_time(baseline.at_ms) &&
                              is_plausible_time(baseline.keep_alive_ms) &&
                              is_plausible_time(baseline.keep_alive_period_ms.value_or(0));
                     }) &&
         std::all_of(state.history.episodes.begin(), state.history.episodes.end(),
                     [](const Episode& episode) {
                       return is_plausible_time(episode.since_ms) && is_count(episode.times);
                     });
}

void refresh(State& state, const std::string& boot_id) {
  if (state.boot_id != boot_id) {
    State fresh;
    fresh.boot_id = boot_id;
    fresh.sequence = state.sequence;
    state = std::move(fresh);
  }
  std::erase_if(state.left, [](const LeftProcess& left) {
    return start_time_of(left.process.pid) != left.process.start_time;
  });
}

State begin_pass(const std::string& path, bool keep) {
  const std::string boot_id =
      std::string(trim(read_file("/proc/sys/kernel/random/boot_id", 64).value_or("")));
  const auto lock = keep ? std::optional(lock_of(path)) : std::nullopt;
  if (lock && *lock) remove_unfinished(path, std::chrono::seconds(0));  // no other writes it
  State state = read_state(path);
  refresh(state, boot_id);
  ++state.sequence;
  if (keep) (void)write_state(path, state).ok();  // whether it can be kept is told at the end
  return state;
}

Result<int64_t> end_pass(const std::string& path, State state) {
  const Result<FileLock> lock = lock_of(path);
  state.sequence = std::max(state.sequence, read_state(path).sequence);
  const Result<Done> written = write_state(path, state);
  return written ? Result<int64_t>(state.sequence) : written.error();
}

}  // namespace efa
