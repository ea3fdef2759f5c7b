#include "agent/pass/recording.h"

#include <algorithm>
#include <set>

#include "agent/diagnose/expectation.h"
#include "agent/pass/archive.h"
#include "agent/report/report.h"
#include "probes/base/bounds.h"
#include "probes/base/describe.h"

namespace efa {
namespace {

constexpr size_t kMaxProbes = (kMaxArchiveEntries - 1) / 2;  // two entries each

std::string entry_name(size_t index, const char* kind) {
  return "probes/" + std::to_string(index) + "." + kind + ".jsonl";
}

ArchiveEntries entries_of(const Recording& recording) {
  ArchiveEntries entries;
  entries["recording.json"] = render_json(to_value(recording), 1) + "\n";
  for (size_t i = 0; i < recording.probes.size(); ++i) {
    entries[entry_name(i, "said")] = recording.probes[i].said;
    entries[entry_name(i, "looks")] = recording.probes[i].looks;
  }
  return entries;
}

// What is computed with is as large as a pass could have made it.
bool is_plausible(const Recording& recording) {
  return std::all_of(std::begin(kCounterLimits), std::end(kCounterLimits),
                     [&](const CounterLimit& limit) {
                       const int64_t value = recording.limits.*limit.field;
                       return value >= 0 && value <= limit.most;
                     }) &&
         recording.set_aside.size() <= kMaxDevices &&
         std::all_of(
             recording.set_aside.begin(), recording.set_aside.end(),
             [](const std::string& text) { return PciAddress::from_text(text).has_value(); }) &&
         is_plausible(recording.before);
}

bool has_known_shape(const Recording& recording) {
  std::set<std::string> names;
  for (const RecordedProbe& probe : recording.probes) names.insert(probe.name);
  return names.size() == recording.probes.size() && names.size() <= kMaxProbes &&
         names.count("") == 0 && recording.trigger && recording.sequence > 0 &&
         recording.duration_ms >= 0 && recording.max_rss_kib >= 0 && recording.cpu_ms >= 0;
}

// As short as those of a pass, which keeps to the same bounds.
void cut_words(Recording& recording) {
  for (RecordedProbe& probe : recording.probes) {
    probe.name = cut(std::move(probe.name), kMaxWords);
    probe.detail = cut(std::move(probe.detail), kMaxWords);
    probe.step = cut(std::move(probe.step), kMaxWords);
    probe.subject = cut(std::move(probe.subject), kMaxSubject);
    probe.stderr_tail = cut(std::move(probe.stderr_tail), kMaxStderr);
  }
}

// What a probe said and read was kept line by line, each line of which was JSON.
bool is_whole(const RecordedProbe& probe) {
  std::string_view looks = probe.looks;
  while (!looks.empty()) {
    const std::string_view look = take_line(looks);
    if (!look.empty() && !parse_json(look, "")) return false;
  }
  const bool ends = probe.said.empty() || probe.said.back() == '\n';
  return ends && run_of(probe).transcript.broken().empty();
}

}  // namespace

Moment began_at(const Recording& recording) {
  return {recording.started_at_ms, recording.boottime_ms.value_or(recording.started_at_ms)};
}

Criteria criteria_of(const Recording& recording) {
  return {recording.expect, recording.set_aside, recording.checks, recording.limits};
}

RecordedProbe recorded(const ProbeRun& run) {
  const ProbeOutcome& outcome = run.outcome;
  return {outcome.name,           status_text(outcome.status),
          outcome.duration_ms,    outcome.detail,
          outcome.step,           outcome.subject,
          outcome.stderr_tail,    run.transcript.said(),
          run.transcript.looks(), outcome.spent};
}

ProbeRun run_of(const RecordedProbe& probe, const Allowances& allowances) {
  ProbeRun run;
  run.transcript = allowances.transcript_for(probe.name);
  run.transcript.take_recorded(probe.said);
  run.outcome = {
      probe.name,    status_from(probe.status), probe.duration_ms, probe.detail, probe.step,
      probe.subject, probe.stderr_tail,         probe.spent};
  if (run.outcome.status == ProbeStatus::kOk && !run.transcript.done()) {
    run.outcome.status = ProbeStatus::kFailed;  // what is not there is not known, not absent
    run.outcome.detail = "its part of the recording is damaged";
  }
  return run;
}

Result<std::string> pack(const Recording& recording) {
  return pack_archive(entries_of(recording));
}

Result<Recording> unpack(const std::string& packed, const std::string& where) {
  Result<ArchiveEntries> entries = unpack_archive(packed, where);
  if (!entries) return entries.error();
  const auto head = entries->find("recording.json");
  if (head == entries->end()) return malformed(where, "is not a recording");
  const Result<Value> value = parse_json(head->second, where);
  if (!value) return value.error();
  Result<Recording> recording = from_value<Recording>(*value, where);
  if (!recording) return recording;
  if (recording->version != 1) return malformed(where, "has an unknown version");
  const Result<ExpectSetting> expect = parse_expect(recording->expect);
  if (!expect) return malformed(where, message_of(expect.error()));
  const Result<Weights> weights = parse_weights(recording->checks);
  if (!weights) return malformed(where, message_of(weights.error()));
  for (const int64_t time : {recording->started_at_ms, recording->duration_ms,
                             recording->valid_for_ms, recording->boottime_ms.value_or(0)}) {
    if (!is_plausible_time(time)) return malformed(where, "has an impossible time");
  }
  cut_words(*recording);  // before names are compared: cut, two may be alike
  if (!has_known_shape(*recording) || !is_plausible(*recording)) {
    return malformed(where, "contains values that no pass can record");
  }
  for (size_t i = 0; i < recording->probes.size(); ++i) {
    const auto said = entries->find(entry_name(i, "said"));
    const auto looks = entries->find(entry_name(i, "looks"));
    if (said != entries->end()) recording->probes[i].said = std::move(said->second);
    if (looks != entries->end()) recording->probes[i].looks = std::move(looks->second);
    if (!is_whole(recording->probes[i])) return malformed(where, "is damaged");
  }
  return recording;
}

}  // namespace efa
