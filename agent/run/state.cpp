#include "agent/run/state.h"

#include <algorithm>

#include "agent/deliver/files.h"
#include "probes/protocol/describe.h"

namespace efa {

State read_state(const std::string& path) {
  constexpr size_t kMaxState = size_t{1} * 1024 * 1024;
  const Result<std::string> text = read_file(path, kMaxState);
  if (!text) return {};
  const Result<Value> value = parse_json(*text, path);
  return value ? from_value<State>(*value, path).value_or(State{}) : State{};
}

Result<Done> write_state(const std::string& path, const State& state) {
  return write_file(path, render_json(to_value(state), 1) + "\n", 0640);
}

void refresh(State& state, const std::string& boot_id) {
  if (state.boot_id != boot_id) {
    state.boot_id = boot_id;
    state.devices.clear();
    state.left.clear();
  }
  std::erase_if(state.left, [](const LeftProcess& left) {
    return start_time_of(left.process.pid) != left.process.start_time;
  });
}

}  // namespace efa
