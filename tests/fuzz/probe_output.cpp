// What probes print, taken over and judged. A line "#NAME" begins the output of that probe, as in
// "#pci" and "#site:gpus"; of one name there is one probe.

#include <algorithm>

#include "probes/base/bounds.h"
#include "tests/fuzz/claims.h"

namespace efa {
namespace {

// As the report tells it, in which bytes that are no text are all alike.
bool is_known(const std::vector<ProbeRun>& runs, const std::string& name) {
  return std::any_of(runs.begin(), runs.end(), [&](const ProbeRun& run) {
    return render_json(run.outcome.name) == render_json(name);
  });
}

std::vector<ProbeRun> runs_of(std::string_view text) {
  const Allowances allowances;
  std::vector<ProbeRun> runs;
  while (!text.empty() && runs.size() < 64) {
    const std::string_view line = take_line(text);
    if (line.starts_with("#") || runs.empty()) {
      const std::string name(line.substr(std::min<size_t>(line.size(), 1)));
      if (is_known(runs, name)) break;
      ProbeRun& run = runs.emplace_back();
      run.outcome.name = name;
      run.transcript = allowances.transcript_for(run.outcome.name);
    } else {
      runs.back().transcript.take(std::string(line) + "\n");
    }
  }
  for (ProbeRun& run : runs) {
    run.outcome.status = run.transcript.done() ? ProbeStatus::kOk : ProbeStatus::kFailed;
    run.outcome.detail = run.transcript.broken();
  }
  return runs;
}

}  // namespace
}  // namespace efa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  efa::Recording recording;
  recording.trigger = efa::Trigger::kBoot;
  recording.started_at_ms = 1'795'471'200'000;
  efa::claim_of_pass(recording, efa::runs_of({reinterpret_cast<const char*>(data), size}));
  return 0;
}
