// Redaction of a recording: each text is cut into words of the characters that identities are made
// of; a word that is one is replaced by a pseudonym, the same word always by the same.

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>

#include "agent/run/probe_table.h"
#include "agent/run/recording.h"
#include "probes/protocol/describe.h"
#include "probes/protocol/text.h"
#include "probes/rdma/parse.h"

namespace efa {
namespace {

bool is_hex(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isxdigit(c); });
}

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

bool groups_of(const std::string& word, char separator, size_t count, size_t width) {
  const std::vector<std::string> groups = split(word, separator);
  return groups.size() == count &&
         std::all_of(groups.begin(), groups.end(), [&](const std::string& group) {
           return is_hex(group) && group.size() == width;
         });
}

bool is_mac(const std::string& word) {
  return groups_of(word, ':', 6, 2);
}
bool is_guid(const std::string& word) {
  return groups_of(word, ':', 4, 4);
}

bool is_ipv4(const std::string& word) {
  const std::vector<std::string> groups = split(word, '.');
  return groups.size() == 4 && groups[0] != "0" && groups[0] != "127" &&
         std::all_of(groups.begin(), groups.end(), [](const std::string& group) {
           return is_digits(group) && parse_number<int>(group).value_or(256) < 256;
         });
}

bool is_ipv6(const std::string& word) {
  const std::vector<std::string> groups = split(word, ':');
  const bool shortened = word.find("::") != std::string::npos && groups.size() <= 8;
  return (groups.size() == 8 || shortened) && word.size() > 4 &&
         std::all_of(groups.begin(), groups.end(), [](const std::string& group) {
           return group.size() <= 4 && (group.empty() || is_hex(group));
         });
}

bool is_uuid(const std::string& word) {
  const std::vector<std::string> groups = split(word, '-');
  return word.size() == 36 && groups.size() == 5 && groups[0].size() == 8 && is_hex(groups[0]) &&
         is_hex(groups[4]);
}

// "i-0123456789abcdef0", "subnet-...": a prefix and 8 or 17 hexadecimal digits
bool is_aws_id(const std::string& word) {
  const size_t dash = word.find('-');
  if (dash == std::string::npos) return false;
  const std::string digits = word.substr(dash + 1);
  return (digits.size() == 8 || digits.size() == 17) && is_hex(digits) &&
         std::all_of(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(dash),
                     [](unsigned char c) { return std::islower(c); });
}

// "ip-10-0-0-12", "ip-10-0-0-12.eu-west-1.compute.internal": EC2's names hold the address
bool is_ec2_host(const std::string& word) {
  const std::vector<std::string> groups = split(word.substr(0, word.find('.')), '-');
  return groups.size() == 5 && groups[0] == "ip" &&
         std::all_of(groups.begin() + 1, groups.end(), is_digits);
}

// join() leaves out leading empty parts.
std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += part + ":";
  all.pop_back();
  return all;
}

bool is_of_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.' || c == '-';
}

bool is_short(const std::string& word) {
  return word.size() < 3;
}

void replace_all(std::string& text, const std::string& old, const std::string& with) {
  for (size_t at = 0; (at = text.find(old, at)) != std::string::npos; at += with.size()) {
    text.replace(at, old.size(), with);
  }
}

class Pseudonyms {
 public:
  explicit Pseudonyms(std::vector<std::string> names) : names_(std::move(names)) {}

  // The text may be JSON: what follows a backslash is an escape and begins no word.
  std::string of_text(const std::string& text) {
    const std::string named = without_odd_names(text);
    std::string out;
    std::string word;
    for (size_t i = 0; i < named.size(); ++i) {
      if (is_of_word(named[i])) {
        word += named[i];
        continue;
      }
      out += of_bare(word) + named[i];
      word.clear();
      if (named[i] != '\\') continue;
      const size_t escape = named.compare(i + 1, 1, "u") == 0 ? 5 : 1;
      out += named.substr(i + 1, escape);
      i += escape;
    }
    return out + of_bare(word);
  }

 private:
  // Names that are more than one word, like a role's with an underscore, and such as are too short
  // to be told from other words: these only where they are a whole value.
  std::string without_odd_names(std::string text) {
    for (const std::string& name : names_) {
      const std::string written = render_json(name);  // in quotation marks
      if (is_short(name)) {
        replace_all(text, ":" + written, ":\"" + formatted("host-%u", name) + "\"");
      } else if (!std::all_of(name.begin(), name.end(), is_of_word)) {
        replace_all(text, written.substr(1, written.size() - 2), formatted("host-%u", name));
      }
    }
    return text;
  }

  // The word without the marks around it: "10.0.0.1." at a sentence's end, "10.0.0.1:80".
  std::string of_bare(const std::string& word) {
    constexpr const char* kMarks = ".:-";
    const size_t last = word.find_last_not_of(kMarks);
    if (last == std::string::npos) return word;
    std::string whole = of_word(word.substr(0, last + 1)) + word.substr(last + 1);
    if (whole != word || word.find(':') == std::string::npos || PciAddress::from_text(word)) {
      return whole;
    }
    std::vector<std::string> parts = split(word, ':');
    for (std::string& part : parts) part = of_word(part);
    return joined(parts);
  }

  size_t number(const std::string& word) {
    return numbers_.try_emplace(word, numbers_.size() + 1).first->second;
  }

  std::string formatted(const char* format, const std::string& word) {
    char text[64];
    std::snprintf(text, sizeof text, format, static_cast<unsigned>(number(word) & 0xffffU));
    return text;
  }

  std::string mac(const std::string& word) {
    const auto value = static_cast<unsigned>(number(word) & 0xffffU);
    char text[32];
    std::snprintf(text, sizeof text, "02:00:00:00:%02x:%02x", value >> 8U, value & 0xffU);
    return text;
  }

  // A GID holds a MAC: its pseudonym holds that MAC's pseudonym.
  std::string gid(const std::string& word) {
    const auto inner = parse_gid_mac(word);
    if (!inner) return formatted("fe80:0000:0000:0000:0000:0000:0000:%04x", word);
    const auto value = static_cast<unsigned>(number(*inner) & 0xffffU);
    char text[64];
    std::snprintf(text, sizeof text, "fe80:0000:0000:0000:0000:00ff:fe00:%04x", value);
    return text;
  }

  std::string of_word(const std::string& word) {
    if (is_short(word) || PciAddress::from_text(word)) return word;
    if (std::find(names_.begin(), names_.end(), word) != names_.end()) {
      return formatted("host-%u", word);
    }
    if (is_mac(word)) return mac(word);
    if (is_guid(word)) return word == "0000:0000:0000:0000" ? word : guid(word);
    if (word.find(':') != std::string::npos && is_ipv6(word)) return gid(word);
    if (is_ipv4(word)) return formatted("192.0.2.%u", word);
    if (is_ec2_host(word)) return formatted("host-%u", word);
    if (is_uuid(word)) return formatted("00000000-0000-4000-8000-00000000%04x", word);
    if (is_aws_id(word)) {
      return word.substr(0, word.find('-')) + formatted("-0000000000000%04x", word);
    }
    if (word.size() == 12 && is_digits(word)) return formatted("00000000%04u", word);
    return word;
  }

  std::string guid(const std::string& word) { return formatted("0000:0000:0000:%04x", word); }

  std::vector<std::string> names_;
  std::map<std::string, size_t> numbers_;
};

// The names by which the machine calls itself: the whole host name and its first label.
std::vector<std::string> host_names(const Recording& recording) {
  std::vector<std::string> names;
  for (const RecordedProbe& probe : recording.probes) {
    const ProbeRun run = run_of(probe);
    for (const char* member : {"hostname", "placement_group", "role_name"}) {
      const std::string name = run.transcript.facts().text(member);
      if (name.empty()) continue;
      names.push_back(name);
      if (std::string(member) == "hostname") names.push_back(name.substr(0, name.find('.')));
    }
  }
  return names;
}

}  // namespace

void redact(Recording& recording) {
  Pseudonyms pseudonyms(host_names(recording));
  recording.before.boot_id = pseudonyms.of_text(recording.before.boot_id);
  recording.before.history.summary = pseudonyms.of_text(recording.before.history.summary);
  for (RecordedProbe& probe : recording.probes) {
    // what is not replayed from files says enough, and routes name gateways in hexadecimal
    if (!replays_from_files(probe.name)) probe.looks.clear();
    probe.said = pseudonyms.of_text(probe.said);
    probe.looks = pseudonyms.of_text(probe.looks);
    probe.stderr_tail = pseudonyms.of_text(probe.stderr_tail);
    probe.detail = pseudonyms.of_text(probe.detail);
    probe.step = pseudonyms.of_text(probe.step);
    probe.subject = pseudonyms.of_text(probe.subject);
  }
}

}  // namespace efa
