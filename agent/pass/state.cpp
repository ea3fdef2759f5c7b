#include "agent/pass/state.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "probes/base/describe.h"
#include "probes/base/file_lock.h"
#include "probes/base/files.h"
#include "probes/base/moment.h"
#include "probes/protocol/job_group.h"

namespace efa {
namespace {

// Held while the state is read and written, which takes milliseconds; passes themselves may
// overlap. Without one (no rights, a full disk) the state is best effort.
Result<FileLock> lock_of(const std::string& state) {
  // what is wrong with the directory shows when the state is kept
  (void)open_directory(std::filesystem::path(state).parent_path(), /*make=*/true).ok();
  return FileLock::wait_for(state + ".lock", std::chrono::seconds(2));
}

// Takes from a file what is whole of it: a member, or an element of a list, that is damaged costs
// itself and no other.
class Salvage {
 public:
  explicit Salvage(const Value& object) : object_(object) {}

  template <class T>
  void operator()(const char* key, std::vector<T>& items) {
    const Value* member = object_.find(key);
    const Array* array = member == nullptr ? nullptr : member->as<Array>();
    if (array == nullptr) return;
    for (const Value& element : *array) {
      if (Result<T> item = from_value<T>(element, key)) items.push_back(std::move(*item));
    }
  }
  void operator()(const char* key, History& history) {
    if (const Value* member = object_.find(key)) {
      Salvage inner(*member);
      describe(inner, history);
    }
  }
  template <class T>
  void operator()(const char* key, T& field) {
    const Value* member = object_.find(key);
    if (member == nullptr) return;
    if (Result<T> whole = from_value<T>(*member, key)) field = std::move(*whole);
  }

 private:
  const Value& object_;
};

constexpr size_t kMaxLeft = 512;  // processes that no pass could kill; TasksMax of the unit

constexpr int64_t kMaxCount = 1'000'000'000'000;  // passes, and how often a check began to fail

bool is_count(int64_t number) {
  return number >= 0 && number <= kMaxCount;
}

bool is_plausible_period(const std::optional<int64_t>& period_ms) {
  return !period_ms || (*period_ms > 0 && is_plausible_time(*period_ms));
}

bool is_plausible(const CounterBaseline& baseline) {
  return is_plausible_time(baseline.at_ms) && is_plausible_time(baseline.keep_alive_ms) &&
         is_plausible_time(baseline.older_at_ms.value_or(0));
}

bool is_plausible(const Episode& episode) {
  return is_plausible_time(episode.since_ms) && is_count(episode.times) &&
         is_count(episode.returns) && is_plausible_time(episode.since_boot_ms.value_or(0)) &&
         is_plausible_time(episode.seen_boot_ms.value_or(0));
}

template <class T>
void erase_implausible(std::vector<T>& items) {
  std::erase_if(items, [](const T& item) { return !is_plausible(item); });
}

constexpr size_t kMaxState = size_t{4} * 1024 * 1024;  // 32 devices with all that fails: 0.5 MiB

State read_state(const std::string& path) {
  const Result<std::string> text = read_own_file(path, kMaxState);
  const Result<Value> value = text ? parse_json(*text, path) : Result<Value>(text.error());
  return value ? salvaged(*value) : State{};
}

// What the next pass can read. What is only told goes first; the devices of this boot stay.
Result<Done> write_state(const std::string& path, State state) {
  std::string text = render_json(to_value(state), 1) + "\n";
  if (text.size() > kMaxState) {
    state.history.episodes.clear();
    state.left.resize(std::min(state.left.size(), kMaxLeft));
    text = render_json(to_value(state), 1) + "\n";
  }
  if (text.size() > kMaxState) return system_error(EFBIG, path);
  return write_file(path, text, 0640);
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
                       return is_plausible(baseline) &&
                              is_plausible_time(baseline.keep_alive_period_ms.value_or(0));
                     }) &&
         std::all_of(state.history.episodes.begin(), state.history.episodes.end(),
                     [](const Episode& episode) { return is_plausible(episode); });
}

State salvaged(const Value& file) {
  State state;
  Salvage whole(file);
  describe(whole, state);
  if (!is_count(state.sequence)) state.sequence = 0;
  erase_implausible(state.baselines);
  for (CounterBaseline& baseline : state.baselines) {
    if (!is_plausible_period(baseline.keep_alive_period_ms)) baseline.keep_alive_period_ms.reset();
  }
  erase_implausible(state.history.episodes);
  state.history.episodes.resize(std::min(state.history.episodes.size(), kMaxEpisodes));
  state.left.resize(std::min(state.left.size(), kMaxLeft));
  std::erase_if(state.jobs, [](const std::string& job) {
    return job.empty() || job_of_control_group(job) != job;
  });
  state.jobs.resize(std::min(state.jobs.size(), kMaxJobs));
  return state;
}

void refresh(State& state, const std::string& boot_id) {
  if (state.boot_id != boot_id) {
    State fresh;
    fresh.boot_id = boot_id;
    fresh.sequence = state.sequence;
    state = std::move(fresh);
  }
  std::erase_if(state.left, [](const LeftProcess& left) { return !sleeps_on(left.process); });
}

void forget_unless_judged_by(State& state, const Criteria& criteria) {
  if (!state.judged_by || *state.judged_by == criteria) return;
  state.history = {};
  state.confirming = false;
}

State begin_pass(const std::string& path, bool keep) {
  const auto lock = keep ? std::optional(lock_of(path)) : std::nullopt;
  if (lock && *lock) remove_unfinished(path, std::chrono::seconds(0));  // no other writes it
  State state = read_state(path);
  refresh(state, boot_id_of_machine());
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
