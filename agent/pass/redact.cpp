// Redaction of a recording: of its JSON strings each word that is an identity is replaced by a
// pseudonym, the same word always by the same. Numbers and names of members stay.

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "agent/pass/pseudonyms.h"
#include "agent/pass/recording.h"
#include "agent/pass/redact_files.h"
#include "agent/pass/redact_limits.h"
#include "agent/pass/redact_looks.h"
#include "agent/pass/redact_texts.h"
#include "probes/base/describe.h"
#include "probes/base/text.h"
#include "probes/judging/site_probe.h"
#include "probes/judging/table.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

// Words of the protocol, of our catalogue and of our own verdicts.
constexpr std::array<std::string_view, 7> kVocabulary = {"set",  "add", "code",       "verdict",
                                                         "look", "hex", "root_causes"};

bool is_vocabulary(std::string_view member) {
  return std::find(kVocabulary.begin(), kVocabulary.end(), member) != kVocabulary.end();
}

// Whose words a text is is told by the fact and the member that hold it.
struct MemberRow {
  std::string_view fact;  // "" for any
  std::string_view member;
  std::string (*redacted)(const std::string& text, Pseudonyms& pseudonyms);
};

std::string redacted_name(const std::string& name, Pseudonyms& pseudonyms) {
  return pseudonyms.of_name(name);
}

// Of a table of ours (probes/base/word.h), whatever the host is called.
std::string own_word(const std::string& word, Pseudonyms& /*pseudonyms*/) {
  return word;
}

constexpr MemberRow kMembers[] = {
    {"asked", "status", own_word},
    {"metadata_status", "metadata_status", own_word},
    {"messages", "kind", own_word},
    {"devices", "failed_step", own_word},
    {"hostname", "hostname", redacted_name},
    {"processes", "command", redacted_name},
    {"without_efa", "command", redacted_name},
    {"", "job", redacted_job},
    {"services", "unit", redacted_file_name},
    {"units", "name", redacted_file_name},
    {"units", "last_drop_in", redacted_file_name},
    {"", "source", redacted_path},
    {"pam_limits", "domain", redacted_limits_domain},
    {"", "conf", redacted_path},
    {"configured", "configured", redacted_configured},
    {"slurm", "propagate", redacted_slurm_value},
    {"slurm", "propagate_except", redacted_slurm_value},
    {"cgroup", "cgroup", redacted_control_group},
    {"xml", "xml", redacted_topology},
    {"dmi_asset_tag", "dmi_asset_tag", redacted_asset_tag},
};

// What of a fact is being redacted.
struct Place {
  std::string fact;
  std::string member;
  Source source = Source::kFile;
};

std::string redacted_text(const std::string& text, const Place& place, Pseudonyms& pseudonyms) {
  if (text.empty()) return "";
  for (const MemberRow& row : kMembers) {
    const bool fits = row.member == place.member && (row.fact.empty() || row.fact == place.fact);
    if (fits && !place.fact.empty()) return row.redacted(text, pseudonyms);
  }
  return pseudonyms.of_text(text, place.source);
}

Value redacted(const Value& value, const Place& place, Pseudonyms& pseudonyms) {
  if (const auto* text = value.as<std::string>()) return redacted_text(*text, place, pseudonyms);
  if (const auto* array = value.as<Array>()) {
    Array items;
    for (const Value& item : *array) items.push_back(redacted(item, place, pseudonyms));
    return items;
  }
  if (const auto* object = value.as<Object>()) {
    Object members;
    for (const auto& [key, member] : *object) {
      const Place inside{place.fact, key, place.source};
      members.emplace_back(key, is_vocabulary(key) ? member : redacted(member, inside, pseudonyms));
    }
    return members;
  }
  return value;
}

Value redacted_line(const Value& line, Source source, Pseudonyms& pseudonyms) {
  const std::string set = line.text("set");
  const std::string fact = set.empty() ? line.text("add") : set;
  if (fact.empty()) return redacted(line, Place{"", "", source}, pseudonyms);
  const Value* value = line.find("value");
  const Place place{fact, fact, fact == "os" ? Source::kSpoken : source};
  Value changed = line;
  if (value != nullptr) changed.set("value", redacted(*value, place, pseudonyms));
  return changed;
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

template <class Take>
void for_each_look(const Recording& recording, const Take& take) {
  for (const RecordedProbe& probe : recording.probes) {
    for (const std::string& line : split(probe.looks, '\n')) {
      const Result<Value> look = parse_json(line, "recording");
      if (look && !look->text("path").empty()) take(*look);
    }
  }
}

void take_runs(const std::string& text, std::set<std::string>& words) {
  std::string word;
  for (const char c : text + "/") {
    if (is_alnum(c)) {
      word += c;
    } else if (!word.empty()) {
      words.insert(std::exchange(word, {}));
    }
  }
}

// What is read, and the paths that it was read from, are made of these: a host of such a name is
// not told by it, and replacing it would make another machine of the recording.
std::set<std::string> words_that_stay(const Recording& recording) {
  std::set<std::string> found = {"service", "install",   "unit",     "manager", "hard",   "soft",
                                 "memlock", "unlimited", "infinity", "options", "limits", "locked",
                                 "memory",  "blacklist", "max",      "name",    "yes",    "no"};
  for_each_look(recording, [&](const Value& look) {
    const std::string path = look.text("path");
    if (path.starts_with("/sys/fs/cgroup/")) return;
    const bool site = is_site_path(path);
    for (const std::string& part : split(lower_case(path), '/')) {
      if (site && !is_own_name(part)) continue;
      found.insert(part);
      take_runs(part, found);
    }
  });
  return found;
}

// So that their pseudonyms are in their order.
void know_files(const Recording& recording, Pseudonyms& pseudonyms) {
  std::set<std::string> words;
  for_each_look(recording, [&](const Value& look) {
    const std::string path = look.text("path");
    take_words(path, words);
    const Value* is = look.find("is");
    const Array* names = is == nullptr ? nullptr : is->as<Array>();
    if (look.text("look") != "list" || names == nullptr) return;
    for (const Value& name : *names) {
      const auto* text = name.as<std::string>();
      if (text != nullptr) take_words(path + "/" + *text, words);
    }
  });
  for (const std::string& word : words) pseudonyms.of_name(word);
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
  const std::set<std::string> stay = words_that_stay(recording);
  std::erase_if(names, [&](const std::string& name) {
    return name.empty() || stay.contains(lower_case(name));
  });
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
  know_files(recording, pseudonyms);
  for (RecordedProbe& probe : recording.probes) {
    if (is_site_probe(probe.name)) {
      redact_site(probe, pseudonyms);
      continue;
    }
    const ProbeRow* row = probe_of(probe.name);
    const bool quotes = row != nullptr && row->quotes_others;
    const Source source = quotes ? Source::kSpoken : Source::kFile;
    // one of both is enough: what is replayed from files is said again, and what is not needs none;
    // routes, for one, name gateways in hexadecimal
    const bool from_files = row != nullptr && row->from_files;
    if (!from_files) probe.looks.clear();
    const bool whole = status_from(probe.status) == ProbeStatus::kOk;
    if (from_files && whole && !probe.looks.empty()) probe.said.clear();
    probe.said = redacted_lines(
        probe.said, [&](const Value& line) { return redacted_line(line, source, pseudonyms); });
    probe.looks = redacted_lines(probe.looks, [&](const Value& look) {
      return redacted_look(look, probe.name == "limits", pseudonyms);
    });
    for (std::string* text : {&probe.stderr_tail, &probe.detail, &probe.step, &probe.subject}) {
      *text = pseudonyms.of_text(*text, Source::kSpoken);
    }
  }
  recording.checks = redacted_checks(recording.checks, pseudonyms);
  redact_messages(recording.before, pseudonyms);
  recording.before =
      from_value<State>(redacted(to_value(recording.before), Place{}, pseudonyms), "state")
          .value_or(State{});
}

}  // namespace efa
