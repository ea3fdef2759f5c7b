#include "agent/deliver/s3/delivery_state.h"

#include <algorithm>
#include <cstdlib>

#include "agent/deliver/s3/answer.h"
#include "probes/aws/backoff.h"
#include "probes/aws/target.h"
#include "probes/base/describe.h"
#include "probes/base/printable.h"
#include "probes/base/times.h"

namespace efa {

template <class Io>
void describe(Io& io, ReportId& id) {
  io("started_at", id.started_at);
  io("boot", id.boot);
  io("sequence", id.sequence);
}

template <class Io>
void describe(Io& io, DeliveryError& error) {
  io("at", error.at);
  io("code", error.code);
  io("words", error.words);
}

template <class Io>
void describe(Io& io, DeliveryState& state) {
  io("destination", state.destination);
  io("pending", state.pending);
  io("dropped", state.dropped);
  io("refused", state.refused);
  io("damaged", state.damaged);
  io("last_success", state.last_success);
  io("last_error", state.last_error);
  io("failures", state.failures);
  io("boot_id", state.boot_id);
  io("next_try_ms", state.next_try.unix_ms);
  io("next_try_boot_ms", state.next_try.boot_ms);
  io("not_before_ms", state.not_before.unix_ms);
  io("not_before_boot_ms", state.not_before.boot_ms);
  io("set_aside", state.set_aside);
  io("set_aside_until_ms", state.set_aside_until.unix_ms);
  io("set_aside_until_boot_ms", state.set_aside_until.boot_ms);
  io("bucket_region", state.bucket_region);
  io("clock_offset_ms", state.clock_offset_ms);
  io("latest", state.latest);
}

namespace {

constexpr int64_t kDayMs = int64_t{24} * 3'600'000;
constexpr int64_t kMostCounted = 1'000'000'000'000;
constexpr int64_t kMostFailures = 64;

// The clock of a node may be years off; signing by a server's corrects it.
constexpr int64_t kMostOffsetMs = int64_t{100} * 365 * kDayMs;

void bound_error(DeliveryState& state) {
  constexpr size_t kLongestCode = 100;
  if (!state.last_error) return;
  DeliveryError& error = *state.last_error;
  error.code = printable(error.code, kLongestCode);
  error.words = printable(error.words, kLongestWords);
  if (!parse_iso_time_ms(error.at)) error.at.clear();
}

// An id that lies in the future would keep every report from becoming the latest.
bool is_plausible(const ReportId& id, int64_t now_ms) {
  const auto time = parse_iso_time_ms(id.started_at);
  const Result<ReportId> whole = parse_report_id(to_text(id));
  return time && *time <= now_ms + kDayMs && whole && *whole == id && id.sequence >= 0 &&
         id.sequence <= kMostCounted;
}

DeliveryState bounded(DeliveryState state, int64_t now_ms) {
  for (int64_t* count : {&state.pending, &state.dropped, &state.refused, &state.damaged}) {
    *count = std::clamp<int64_t>(*count, 0, kMostCounted);
  }
  state.failures = std::clamp<int64_t>(state.failures, 0, kMostFailures);
  if (!parse_iso_time_ms(state.last_success)) state.last_success.clear();
  if (!is_region(state.bucket_region)) state.bucket_region.clear();
  if (std::abs(std::clamp(state.clock_offset_ms, -kMostOffsetMs - 1, kMostOffsetMs + 1)) >
      kMostOffsetMs) {
    state.clock_offset_ms = 0;
  }
  if (state.latest && !is_plausible(*state.latest, now_ms)) state.latest.reset();
  if (state.set_aside.size() > kMostSetAside) state.set_aside.resize(kMostSetAside);
  bound_error(state);
  return state;
}

}  // namespace

DeliveryState read_delivery_state(const std::string& path, const std::string& destination,
                                  int64_t now_ms, Author author) {
  constexpr size_t kMaxState = size_t{64} * 1024;
  DeliveryState unknown;
  unknown.destination = destination;
  const Result<std::string> text = read_own_file(path, kMaxState, author);
  if (!text) return unknown;
  const Result<Value> value = parse_json(*text, path);
  if (!value) return unknown;
  const Result<DeliveryState> state = from_value<DeliveryState>(*value, path);
  return state && state->destination == destination ? bounded(*state, now_ms) : unknown;
}

DeliveryPause pause_of(int64_t milliseconds, const Clock& clock) {
  if (milliseconds <= 0) return {};
  return {clock.unix_ms() + milliseconds, clock.steady_ms() + milliseconds};
}

int64_t left_ms(const DeliveryPause& pause, const Clock& clock) {
  return pause.boot_ms == 0 ? 0 : std::max<int64_t>(pause.boot_ms - clock.steady_ms(), 0);
}

DeliveryState rebased(DeliveryState state, const Clock& clock) {
  const bool same_boot = !clock.boot_id.empty() && state.boot_id == clock.boot_id;
  for (DeliveryPause* pause : {&state.next_try, &state.not_before, &state.set_aside_until}) {
    const int64_t until = same_boot ? pause->boot_ms : pause->unix_ms;
    const int64_t now = same_boot ? clock.steady_ms() : clock.unix_ms();
    // a pause that would last longer than the longest was decided on by another clock
    const bool counts = until > now && until <= now + kSlowly.most_ms;
    *pause = pause_of(counts ? until - now : 0, clock);
  }
  state.boot_id = clock.boot_id;
  return state;
}

std::string to_words(const DeliveryError& error) {
  return error.words.starts_with(error.code) ? error.words : error.code + ": " + error.words;
}

std::string to_words(const DeliveryState& state) {
  std::string words = state.destination + ": ";
  words +=
      state.last_success.empty() ? "none delivered yet" : "last delivered " + state.last_success;
  if (state.pending > 0) words += ", " + std::to_string(state.pending) + " waiting";
  if (state.damaged > 0) {
    words += ", " + std::to_string(state.damaged) + " damaged in spool/damaged";
  }
  if (state.last_error) words += "; " + to_words(*state.last_error);
  return words;
}

Result<Done> write_delivery_state(const std::string& path, const DeliveryState& state) {
  return write_file(path, render_json(to_value(state), 1) + "\n", 0644);
}

}  // namespace efa
