#include "agent/run/recording.h"

#include <archive.h>
#include <archive_entry.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "agent/diagnose/expectation.h"
#include "agent/report/report.h"
#include "probes/protocol/bounds.h"
#include "probes/protocol/describe.h"

namespace efa {
namespace {

constexpr size_t kMaxEntry = size_t{16} * 1024 * 1024;    // a probe's output has at most 8 MiB
constexpr size_t kMaxArchive = size_t{32} * 1024 * 1024;  // that of a p5.48xlarge: 2 MiB
constexpr size_t kMaxEntries = 256;
constexpr size_t kMaxProbes = (kMaxEntries - 1) / 2;  // two entries each

struct FreeWriter {
  void operator()(archive* writer) const { archive_write_free(writer); }
};
struct FreeReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};
struct FreeEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

using Entries = std::map<std::string, std::string>;

std::string entry_name(size_t index, const char* kind) {
  return "probes/" + std::to_string(index) + "." + kind + ".jsonl";
}

// The tar checks its own headers, and zstd, as libarchive writes it, nothing.
constexpr const char* kChecksum = "crc32";

std::string checksum_of(const Entries& entries) {
  uLong checksum = crc32(0, nullptr, 0);
  for (const auto& [name, text] : entries) {
    for (const std::string* part : {&name, &text}) {
      checksum = crc32_z(checksum, reinterpret_cast<const Bytef*>(part->data()), part->size());
    }
  }
  std::array<char, 16> digits{};
  std::snprintf(digits.data(), digits.size(), "%08lx\n", checksum);
  return digits.data();
}

Entries entries_of(const Recording& recording) {
  Entries entries;
  entries["recording.json"] = render_json(to_value(recording), 1) + "\n";
  for (size_t i = 0; i < recording.probes.size(); ++i) {
    entries[entry_name(i, "said")] = recording.probes[i].said;
    entries[entry_name(i, "looks")] = recording.probes[i].looks;
  }
  entries[kChecksum] = checksum_of(entries);
  return entries;
}

la_ssize_t append(archive* /*writer*/, void* target, const void* bytes, size_t count) {
  static_cast<std::string*>(target)->append(static_cast<const char*>(bytes), count);
  return static_cast<la_ssize_t>(count);
}

bool put_entry(archive* writer, const std::string& name, const std::string& text) {
  const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(text.size()));
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  return archive_write_header(writer, entry.get()) == ARCHIVE_OK &&
         archive_write_data(writer, text.data(), text.size()) ==
             static_cast<la_ssize_t>(text.size());
}

Error malformed(const std::string& where, const std::string& what) {
  return {ErrorKind::kMalformed, where, what};
}

Result<std::string> read_data(archive* reader, size_t limit, const std::string& where) {
  std::string text;
  char buffer[65536];
  while (true) {
    const la_ssize_t count = archive_read_data(reader, buffer, sizeof buffer);
    if (count < 0) return malformed(where, "is damaged");
    if (count == 0) return text;
    text.append(buffer, static_cast<size_t>(count));
    if (text.size() > limit) return malformed(where, "is larger than a recording can be");
  }
}

// First out of its compression and only then taken apart: so nothing of an archive, be it long
// names, holes or entries that nobody asks for, costs more than its bytes.
Result<std::string> decompress(const std::string& packed, const std::string& where) {
  const std::unique_ptr<archive, FreeReader> reader(archive_read_new());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_memory(reader.get(), packed.data(), packed.size()) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
    return malformed(where, "is no recording");
  }
  return read_data(reader.get(), kMaxArchive, where);
}

Result<Entries> read_entries(archive* reader, const std::string& where) {
  Entries entries;
  size_t total = 0;
  size_t count = 0;
  archive_entry* entry = nullptr;
  int status = ARCHIVE_OK;
  while ((status = archive_read_next_header(reader, &entry)) == ARCHIVE_OK) {
    if (++count > kMaxEntries) return malformed(where, "is larger than a recording can be");
    const char* pathname = archive_entry_pathname(entry);
    const std::string name = pathname == nullptr ? "" : pathname;
    Result<std::string> text = read_data(reader, std::min(kMaxEntry, kMaxArchive - total), where);
    if (!text) return text.error();
    total += text->size();
    entries[name] = std::move(*text);
  }
  if (status != ARCHIVE_EOF) return malformed(where, "is damaged");
  const auto checksum = entries.extract(kChecksum);  // one made by hand may have none
  if (checksum && checksum.mapped() != checksum_of(entries)) return malformed(where, "is damaged");
  return entries;
}

Result<Entries> unpack_entries(const std::string& packed, const std::string& where) {
  const Result<std::string> tar = decompress(packed, where);
  if (!tar) return tar.error();
  const std::unique_ptr<archive, FreeReader> reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), tar->data(), tar->size()) != ARCHIVE_OK) {
    return malformed(where, "is no recording");
  }
  return read_entries(reader.get(), where);
}

// What is computed with is as large as a pass could have made it.
bool is_plausible(const Recording& recording) {
  const CounterLimits& limits = recording.limits;
  const std::array<int64_t, 7> rates = {limits.rx_drops_per_s,
                                        limits.rdma_errors_per_s,
                                        limits.remote_events_per_s,
                                        limits.retransmit_timeouts_per_s,
                                        limits.retransmitted_bytes_per_s,
                                        limits.retransmitted_packets_per_s,
                                        limits.command_errors_per_s};
  return limits.keep_alive_periods >= 0 && limits.keep_alive_periods <= kMaxKeepAlivePeriods &&
         std::all_of(rates.begin(), rates.end(),
                     [](int64_t rate) { return rate >= 0 && rate <= kMaxRate; }) &&
         is_plausible(recording.before);
}

bool has_known_shape(const Recording& recording) {
  std::set<std::string> names;
  for (const RecordedProbe& probe : recording.probes) names.insert(probe.name);
  return names.size() == recording.probes.size() && names.size() <= kMaxProbes &&
         names.count("") == 0 && !recording.trigger.empty() && recording.sequence > 0 &&
         recording.duration_ms >= 0 && recording.max_rss_kib >= 0 && recording.cpu_ms >= 0;
}

// As short as those of a pass, which keeps to the same bounds.
void cut_words(Recording& recording) {
  recording.trigger = cut(std::move(recording.trigger), kMaxSubject);
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
  run.transcript.take_of_runner(probe.said);
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
  std::string packed;
  const std::unique_ptr<archive, FreeWriter> writer(archive_write_new());
  archive_write_add_filter_zstd(writer.get());
  archive_write_set_format_pax_restricted(writer.get());
  archive_write_set_bytes_in_last_block(writer.get(), 1);  // zeros behind the zstd frame are none
  archive_write_open(writer.get(), &packed, nullptr, append, nullptr);
  bool fine = true;
  for (const auto& [name, text] : entries_of(recording)) {
    fine = fine && put_entry(writer.get(), name, text);
  }
  if (!fine || archive_write_close(writer.get()) != ARCHIVE_OK) {
    const char* words = archive_error_string(writer.get());
    return Error{ErrorKind::kInputOutput, "recording", words == nullptr ? "not packed" : words};
  }
  return packed;
}

Result<Recording> unpack(const std::string& packed, const std::string& where) {
  Result<Entries> entries = unpack_entries(packed, where);
  if (!entries) return entries.error();
  const auto head = entries->find("recording.json");
  if (head == entries->end()) return malformed(where, "is no recording");
  const Result<Value> value = parse_json(head->second, where);
  if (!value) return value.error();
  Result<Recording> recording = from_value<Recording>(*value, where);
  if (!recording) return recording;
  if (recording->version != 1) return malformed(where, "is of a version that is not known here");
  const Result<ExpectSetting> expect = parse_expect(recording->expect);
  if (!expect) return malformed(where, message_of(expect.error()));
  for (const int64_t time : {recording->started_at_ms, recording->duration_ms,
                             recording->valid_for_ms, recording->boottime_ms.value_or(0)}) {
    if (!is_plausible_time(time)) return malformed(where, "has a time that no clock shows");
  }
  cut_words(*recording);  // before names are compared: cut, two may be alike
  if (!has_known_shape(*recording) || !is_plausible(*recording)) {
    return malformed(where, "holds what no pass can have recorded");
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
