// Redaction of a recording: of its JSON strings each word that is an identity is replaced by a
// pseudonym, the same word always by the same. Numbers and names of members stay.

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <map>
#include <set>

#include "agent/run/identity.h"
#include "agent/run/probe_table.h"
#include "agent/run/recording.h"
#include "probes/protocol/describe.h"
#include "probes/protocol/text.h"
#include "probes/rdma/parse.h"

namespace efa {
namespace {

constexpr const char* kHostNamePath = "/proc/sys/kernel/hostname";

bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

class Pseudonyms {
 public:
  // Names are found wherever they stand alone; the longest first, as one may begin another.
  explicit Pseudonyms(std::vector<std::string> names) : names_(std::move(names)) {
    std::sort(names_.begin(), names_.end(), [](const std::string& a, const std::string& b) {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    });
  }

  std::string of_name(const std::string& name) { return formatted("name-%u", name); }

  std::string of_text(std::string text) {
    for (const std::string& name : names_) replace_name(text, name);
    std::string out;
    std::string word;
    for (const char c : text) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.' || c == '-') {
        word += c;
        continue;
      }
      out += of_word(word) + c;
      word.clear();
    }
    return out + of_word(word);
  }

 private:
  void replace_name(std::string& text, const std::string& name) {
    size_t at = 0;
    while ((at = text.find(name, at)) != std::string::npos) {
      const size_t end = at + name.size();
      const bool alone = (at == 0 || !is_name_char(text[at - 1])) &&
                         (end == text.size() || !is_name_char(text[end]));
      const std::string by = alone ? of_name(name) : name;
      text.replace(at, name.size(), by);
      at += by.size();
    }
  }

  unsigned number(const std::string& word) {
    return static_cast<unsigned>(numbers_.try_emplace(word, numbers_.size() + 1).first->second) &
           0xffffU;
  }

  std::string formatted(const char* format, const std::string& word) {
    char text[64];
    std::snprintf(text, sizeof text, format, number(word));
    return text;
  }

  std::string of_two_bytes(const char* format, const std::string& word) {
    char text[64];
    std::snprintf(text, sizeof text, format, number(word) >> 8U, number(word) & 0xffU);
    return text;
  }

  // A GID holds a MAC: its pseudonym holds that MAC's pseudonym.
  std::string ipv6(const std::string& word) {
    if (const auto inner = parse_gid_mac(word)) {
      return formatted("fe80:0000:0000:0000:0000:00ff:fe00:%04x", *inner);
    }
    if (!word.starts_with("fe80")) return formatted("2001:db8::%x", word);
    return word.find("::") == std::string::npos
               ? formatted("fe80:0000:0000:0000:0000:0000:0000:%04x", word)
               : formatted("fe80::%x", word);
  }

  std::string of_word(const std::string& word) {
    switch (identity_of(word)) {
      case Identity::kMac:
        return of_two_bytes("02:00:00:00:%02x:%02x", word);
      case Identity::kGuid:
        return formatted("0000:0000:0000:%04x", word);
      case Identity::kIpv4:
        return of_two_bytes("198.18.%u.%u", word);  // RFC 2544: of nobody's network
      case Identity::kIpv6:
        return ipv6(word);
      case Identity::kUuid:
        return formatted("00000000-0000-4000-8000-00000000%04x", word);
      case Identity::kHexId:
        return formatted("0000000000000000000000000000%04x", word);
      case Identity::kAwsId:
        return word.substr(0, word.rfind('-')) + formatted("-0000000000000%04x", word);
      case Identity::kHostName:
        return of_name(word);
      default:
        return of_parts(word);
    }
  }

  // "10.0.0.1:8080", "arn:aws:iam::123456789012:role", "ip-10-0-0-1.ec2.internal", "10.0.0.1."
  std::string of_parts(const std::string& word) {
    const size_t end = word.find_last_not_of(":.-") + 1;
    if (end == 0) return word;
    if (end < word.size()) return of_word(word.substr(0, end)) + word.substr(end);
    for (const char separator : {':', '.', '-'}) {
      if (word.find(separator) == std::string::npos) continue;
      std::vector<std::string> parts = split(word, separator);
      for (std::string& part : parts) {
        part = is_account(part) ? formatted("00000000%04u", part) : of_word(part);
      }
      return join_all(parts, separator);
    }
    return word;
  }

  static std::string join_all(const std::vector<std::string>& parts, char separator) {
    std::string joined = parts.front();
    for (size_t i = 1; i < parts.size(); ++i) joined += separator + parts[i];
    return joined;
  }

  std::vector<std::string> names_;
  std::map<std::string, size_t> numbers_;
};

// Words of the protocol, of our catalogue and of our own verdicts.
constexpr std::array<std::string_view, 7> kVocabulary = {"set",  "add", "code",       "verdict",
                                                         "look", "hex", "root_causes"};

bool is_vocabulary(std::string_view member) {
  return std::find(kVocabulary.begin(), kVocabulary.end(), member) != kVocabulary.end();
}

Value redacted(const Value& value, Pseudonyms& pseudonyms) {
  if (const auto* text = value.as<std::string>()) return pseudonyms.of_text(*text);
  if (const auto* array = value.as<Array>()) {
    Array items;
    for (const Value& item : *array) items.push_back(redacted(item, pseudonyms));
    return items;
  }
  if (const auto* object = value.as<Object>()) {
    Object members;
    for (const auto& [key, member] : *object) {
      members.emplace_back(key, is_vocabulary(key) ? member : redacted(member, pseudonyms));
    }
    return members;
  }
  return value;
}

Value redacted_look(Value look, Pseudonyms& pseudonyms) {
  const std::string path = look.text("path");
  if (path == kHostNamePath && look.find("is") != nullptr) {
    look.set("is", pseudonyms.of_name(look.text("is")));
  } else if (look.text("look") == "read" && look.find("hex") != nullptr) {
    look.set("hex", to_hex(pseudonyms.of_text(from_hex(look.text("hex")))));
  }
  return redacted(look, pseudonyms);
}

Value redacted_line(Value line, Pseudonyms& pseudonyms) {
  if (line.text("set") == "hostname") line.set("value", pseudonyms.of_name(line.text("value")));
  return redacted(line, pseudonyms);
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
    const ProbeRun run = run_of(probe);
    for (const char* member : {"hostname", "placement_group", "role_name"}) {
      const std::string name = run.transcript.facts().text(member);
      names.insert(name);
      if (std::string(member) == "hostname") names.insert(name.substr(0, name.find('.')));
    }
  }
  for (const std::string& word : words_of_paths(recording)) names.erase(word);
  names.erase("");
  return {names.begin(), names.end()};
}

}  // namespace

void redact(Recording& recording) {
  Pseudonyms pseudonyms(host_names(recording));
  const auto line = [&](const Value& value) { return redacted_line(value, pseudonyms); };
  const auto look = [&](const Value& value) { return redacted_look(value, pseudonyms); };
  for (RecordedProbe& probe : recording.probes) {
    probe.said = redacted_lines(probe.said, line);
    // what is not replayed from files says enough, and routes name gateways in hexadecimal
    if (!replays_from_files(probe.name)) probe.looks.clear();
    probe.looks = redacted_lines(probe.looks, look);
    for (std::string* text : {&probe.stderr_tail, &probe.detail, &probe.step, &probe.subject}) {
      *text = pseudonyms.of_text(*text);
    }
  }
  recording.before = from_value<State>(redacted(to_value(recording.before), pseudonyms), "state")
                         .value_or(State{});
}

}  // namespace efa
