#include "agent/deliver/s3/delivery_state.h"

#include "probes/protocol/describe.h"

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
  io("next_try_ms", state.next_try_ms);
  io("not_before_ms", state.not_before_ms);
  io("bucket_region", state.bucket_region);
  io("clock_offset_ms", state.clock_offset_ms);
  io("latest", state.latest);
}

DeliveryState read_delivery_state(const std::string& path, const std::string& destination,
                                  Author author) {
  constexpr size_t kMaxState = size_t{64} * 1024;
  DeliveryState unknown;
  unknown.destination = destination;
  const Result<std::string> text = read_own_file(path, kMaxState, author);
  if (!text) return unknown;
  const Result<Value> value = parse_json(*text, path);
  if (!value) return unknown;
  const Result<DeliveryState> state = from_value<DeliveryState>(*value, path);
  return state && state->destination == destination ? *state : unknown;
}

std::string to_words(const DeliveryState& state) {
  std::string words = state.destination + ": ";
  words += state.last_success.empty() ? "none arrived yet" : "last arrived " + state.last_success;
  if (state.pending > 0) words += ", " + std::to_string(state.pending) + " waiting";
  if (state.last_error) words += "; " + state.last_error->code + ": " + state.last_error->words;
  return words;
}

Result<Done> write_delivery_state(const std::string& path, const DeliveryState& state) {
  return write_file(path, render_json(to_value(state), 1) + "\n", 0644);
}

}  // namespace efa
