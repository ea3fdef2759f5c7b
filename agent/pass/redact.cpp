// Redaction of a recording: of its JSON strings each word that is an identity is replaced by a
// pseudonym, the same word always by the same. Numbers and names of members stay.

#include <algorithm>
#include <array>
#include <set>

#include "agent/pass/pseudonyms.h"
#include "agent/pass/recording.h"
#include "agent/pass/redact_texts.h"
#include "probes/base/describe.h"
#include "probes/base/text.h"
#include "probes/judging/site_probe.h"
#include "probes/judging/table.h"

namespace efa {
namespace {

constexpr const char* kHostNamePath = "/proc/sys/kernel/hostname";

// Words of the protocol, of our catalogue and of our own verdicts.
constexpr std::array<std::string_view, 7> kVocabulary = {"set",  "add", "code",       "verdict",
                                                         "look", "hex", "root_causes"};

bool is_vocabulary(std::string_view member) {
  return std::find(kVocabulary.begin(), kVocabulary.end(), member) != kVocabulary.end();
}

Value redacted(const Value& value, Pseudonyms& pseudonyms, Source source = Source::kFile) {
  if (const auto* text = value.as<std::string>()) return pseudonyms.of_text(*text, source);
  if (const auto* array = value.as<Array>()) {
    Array items;
    for (const Value& item : *array) items.push_back(redacted(item, pseudonyms, source));
    return items;
  }
  if (const auto* object = value.as<Object>()) {
    Object members;
    for (const auto& [key, member] : *object) {
      members.emplace_back(key, is_vocabulary(key) ? member : redacted(member, pseudonyms, source));
    }
    return members;
  }
  return value;
}

// Each line that was read.
template <class Redacted>
Value redacted_lines_of(const Value& look, const Redacted& redacted) {
  const auto* lines = look.find("is") == nullptr ? nullptr : look.find("is")->as<Array>();
  if (lines == nullptr) return look;
  Array kept;
  for (const Value& line : *lines) {
    const auto* text = line.as<std::string>();
    kept.push_back(text == nullptr ? line : Value(redacted(*text)));
  }
  Value changed = look;
  changed.set("is", std::move(kept));
  return changed;
}

Value redacted_look(Value look, Pseudonyms& pseudonyms) {
  const std::string path = look.text("path");
  if (path == "/dev/kmsg") {
    look = redacted_lines_of(
        look, [&](const std::string& line) { return redacted_record(line, pseudonyms); });
  } else if (path.ends_with("/slurm.conf")) {
    look = redacted_lines_of(look, redacted_slurm_line);
  } else if (path.ends_with("/os-release") && look.find("is") != nullptr) {
    return redacted(look, pseudonyms, Source::kSpoken);
  }
  if (path == kHostNamePath && look.find("is") != nullptr) {
    look.set("is", pseudonyms.of_name(look.text("is")));
  } else if (look.text("look") != "bytes" && look.find("hex") != nullptr) {
    look.set("hex", to_hex(pseudonyms.of_text(from_hex(look.text("hex")))));
  }
  return redacted(look, pseudonyms);
}

// What a job is called is its owner's word.
void rename_job(Value& line, Pseudonyms& pseudonyms) {
  constexpr std::string_view kLists[] = {"processes", "without_efa"};
  const Value* job = line.find("value");
  if (!is_one_of(line.text("add"), kLists) || job == nullptr || job->find("command") == nullptr) {
    return;
  }
  Value renamed = *job;
  renamed.set("command", pseudonyms.of_name(job->text("command")));
  if (job->find("job") != nullptr) {
    renamed.set("job", redacted_job(job->text("job"), pseudonyms));
  }
  line.set("value", std::move(renamed));
}

void keep_words_of_slurm(Value& line) {
  const Value* slurm = line.find("value");
  if (line.text("set") != "slurm" || slurm == nullptr) return;
  Value kept = *slurm;
  for (const char* member : {"propagate", "propagate_except"}) {
    const Value* value = kept.find(member);
    const auto* text = value == nullptr ? nullptr : value->as<std::string>();
    if (text != nullptr) kept.set(member, redacted_slurm_value(*text));
  }
  line.set("value", std::move(kept));
}

Value redacted_line(Value line, Pseudonyms& pseudonyms, Source source) {
  keep_words_of_slurm(line);
  if (line.text("set") == "os") source = Source::kSpoken;
  if (line.text("set") == "hostname") line.set("value", pseudonyms.of_name(line.text("value")));
  rename_job(line, pseudonyms);
  return redacted(line, pseudonyms, source);
}

template <class Redacted>
std::string redacted_lines(const std::string& lines, const Redacted& redact_line) {
  std::string out;
  for (const std::string& line : split(lines, '\n')) {
    const Result<Value> value = parse_json(line, "recording");
    if (value) out += render_json(redact_line(*value)) + "\n";
  }
  return out;
}

// What the paths that were read are made of: a host of such a name is not told by it, and
// replacing it would make another machine of the recording.
std::set<std::string> words_of_paths(const Recording& recording) {
  std::set<std::string> found;
  for (const RecordedProbe& probe : recording.probes) {
    for (const std::string& line : split(probe.looks, '\n')) {
      const Result<Value> look = parse_json(line, "recording");
      if (!look) continue;
      for (const std::string& part : split(look->text("path"), '/')) found.insert(part);
    }
  }
  return found;
}

// The names by which the machine calls itself: the whole host name and its first label.
std::vector<std::string> host_names(const Recording& recording) {
  std::set<std::string> names;
  for (const RecordedProbe& probe : recording.probes) {
    if (is_site_probe(probe.name)) continue;  // it does not know
    const ProbeRun run = run_of(probe);
    for (const char* member : {"hostname", "placement_group", "role_name"}) {
      const std::string name = run.transcript.facts().text(member);
      names.insert(name);
      if (std::string(member) == "hostname") names.insert(name.substr(0, name.find('.')));
    }
  }
  for (const std::string& word : words_of_paths(recording)) names.erase(word);
  names.erase("");
  for (const RecordedProbe& probe : recording.probes) {
    if (is_site_probe(probe.name)) names.insert(probe.name);
  }
  return {names.begin(), names.end()};
}

void redact_site(RecordedProbe& probe, Pseudonyms& pseudonyms) {
  probe.name = pseudonyms.of_name(probe.name);
  probe.said = redacted_lines(
      probe.said, [&](const Value& value) { return redacted_line_of_site(value, pseudonyms); });
  probe.looks.clear();
  probe.detail = pseudonyms.of_text(redacted_detail_of_site(probe.detail), Source::kSpoken);
  probe.subject = redacted_subject_of_site(probe.subject, pseudonyms);
  for (std::string* text : {&probe.stderr_tail, &probe.step}) {
    if (!text->empty()) *text = kNotKept;
  }
}

// A site's own codes as in its findings.
WeightWords redacted_checks(const WeightWords& checks, Pseudonyms& pseudonyms) {
  WeightWords kept;
  for (const auto& [code, word] : checks) {
    const bool own = is_site_code(code);
    const std::string name = own ? pseudonyms.of_text(code, Source::kSpoken) : code;
    if (!own || is_site_code(name)) kept[name] = word;
  }
  return kept;
}

}  // namespace

void redact(Recording& recording) {
  Pseudonyms pseudonyms(host_names(recording));
  const auto look = [&](const Value& value) { return redacted_look(value, pseudonyms); };
  for (RecordedProbe& probe : recording.probes) {
    if (is_site_probe(probe.name)) {
      redact_site(probe, pseudonyms);
      continue;
    }
    const ProbeRow* row = probe_of(probe.name);
    const bool quotes = row != nullptr && row->quotes_others;
    const Source source = quotes ? Source::kSpoken : Source::kFile;
    probe.said = redacted_lines(
        probe.said, [&](const Value& value) { return redacted_line(value, pseudonyms, source); });
    // what is not replayed from files says enough, and routes name gateways in hexadecimal
    if (row == nullptr || !row->from_files) probe.looks.clear();
    probe.looks = redacted_lines(probe.looks, look);
    for (std::string* text : {&probe.stderr_tail, &probe.detail, &probe.step, &probe.subject}) {
      *text = pseudonyms.of_text(*text, Source::kSpoken);
    }
  }
  recording.checks = redacted_checks(recording.checks, pseudonyms);
  redact_sites_words(recording.before, pseudonyms);
  recording.before = from_value<State>(redacted(to_value(recording.before), pseudonyms), "state")
                         .value_or(State{});
}

}  // namespace efa
