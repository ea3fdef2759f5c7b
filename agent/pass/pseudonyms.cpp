#include "agent/pass/pseudonyms.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "agent/pass/identity.h"
#include "agent/pass/redact_files.h"
#include "probes/base/text.h"
#include "probes/judging/site_probe.h"
#include "probes/rdma/parse.h"

namespace efa {
namespace {

constexpr std::string_view kBetweenTokens = " \t\r\n\"'`,;()[]{}<>|";

std::string join_all(const std::vector<std::string>& parts, char separator) {
  std::string joined = parts.front();
  for (size_t i = 1; i < parts.size(); ++i) joined += separator + parts[i];
  return joined;
}

bool is_unit(std::string_view word) {
  constexpr std::array<std::string_view, 10> kUnits = {"bytes", "byte", "B",  "kB", "KiB",
                                                       "MiB",   "GiB",  "ns", "us", "ms"};
  return std::find(kUnits.begin(), kUnits.end(), word) != kUnits.end();
}

// Where an absolute path begins: "/usr/lib", "file:/home/me", "-L/home/me/lib"; not in "lib/x", nor
// in "0::/user.slice" of a control group.
size_t path_in(std::string_view token) {
  constexpr std::array<std::string_view, 10> kHomes = {"/home/",   "/root/",  "/fsx/", "/scratch/",
                                                       "/shared/", "/mnt/",   "/efs/", "/data/",
                                                       "/tmp/",    "/lustre/"};
  for (size_t at = 0; (at = token.find('/', at)) != std::string_view::npos; ++at) {
    const char before = at == 0 ? '\0' : token[at - 1];
    const bool after_colon = before == ':' && (at < 2 || token[at - 2] != ':');
    const std::string_view rest = token.substr(at);
    if (after_colon || before == '@' || static_cast<unsigned char>(before) < ' ' ||
        std::any_of(kHomes.begin(), kHomes.end(),
                    [&](std::string_view home) { return rest.starts_with(home); })) {
      return at;
    }
  }
  return token.size();
}

// "user=alice"
bool names_somebody(std::string_view member) {
  constexpr std::array<std::string_view, 9> kMembers = {
      "user", "username", "login", "owner", "account", "host", "hostname", "bucket", "email"};
  return is_one_of(lower_case(member), kMembers);
}

}  // namespace

// The longest first, as one may begin another.
Pseudonyms::Pseudonyms(std::vector<std::string> names) : names_(std::move(names)) {
  std::sort(names_.begin(), names_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
}

std::string Pseudonyms::of_name(const std::string& name) {
  if (is_site_probe(name)) return formatted("site:name-%04u", name);  // a site's own probe
  return formatted("name-%04u", name);
}

std::string Pseudonyms::of_text(std::string text, Source source) {
  for (const std::string& name : names_) replace_name(text, name);
  replace_uuids(text);
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of(kBetweenTokens, at), text.size());
    const size_t next = std::min(text.find_first_not_of(' ', end), text.size());
    const bool counts = is_unit(std::string_view(text).substr(
        next, std::min(text.find_first_of(kBetweenTokens, next), text.size()) - next));
    out += of_token(text.substr(at, end - at), source, counts);
    if (end < text.size()) out += text[end];
    at = end + 1;
  }
  return out;
}

// In capitals or not; '_' and '-' end a name as white space does: "trainer-7_slurmstepd.scope".
void Pseudonyms::replace_name(std::string& text, const std::string& name) {
  const std::string wanted = lower_case(name);
  const std::string lower = lower_case(text);
  std::string out;
  size_t taken = 0;
  for (size_t at = 0; (at = lower.find(wanted, at)) != std::string::npos;) {
    const size_t end = at + wanted.size();
    const bool alone =
        (at == 0 || !is_alnum(text[at - 1])) && (end == text.size() || !is_alnum(text[end]));
    if (!alone) {
      ++at;
      continue;
    }
    out += text.substr(taken, at - taken) + of_name(name);
    taken = at = end;
  }
  if (taken > 0) text = out + text.substr(taken);
}

void Pseudonyms::replace_uuids(std::string& text) {
  for (size_t at = 0; at + 36 <= text.size(); ++at) {
    if (!begins_with_uuid(std::string_view(text).substr(at))) continue;
    const char separator = text[at + 8];
    std::string uuid = text.substr(at, 36);
    std::replace(uuid.begin(), uuid.end(), '_', '-');
    std::string by = formatted("00000000-0000-4000-8000-00000000%04x", uuid);
    std::replace(by.begin(), by.end(), '-', separator);
    text.replace(at, 36, by);
    at += 35;
  }
}

// A token is what stands between white space, quotes and brackets.
std::string Pseudonyms::of_token(const std::string& token, Source source, bool counts) {
  if (token.starts_with("arn:aws")) return of_arn(token);
  if (token.find("://") != std::string::npos) return of_url(token);
  if (is_email(token) || token.starts_with('~')) return of_name(token);
  const size_t equals = token.find('=');
  if (equals != std::string::npos) {
    const std::string value = token.substr(equals + 1);
    const bool named = names_somebody(token.substr(0, equals)) && !value.empty();
    return of_words(token.substr(0, equals)) + "=" +
           (named ? of_name(value) : of_token(value, source, false));
  }
  const size_t path = path_in(token);
  if (path < token.size()) return of_words(token.substr(0, path)) + of_path(token.substr(path));
  if (is_account(token)) {
    return source == Source::kSpoken && !counts ? formatted("00000000%04u", token) : token;
  }
  return of_words(token);
}

// "/sys/...", "/home/me/lib:/usr/lib", "/etc/x.conf:"
std::string Pseudonyms::of_path(const std::string& path) {
  const std::string first = path.substr(0, path.find(':'));
  if (is_site_path(first)) {
    const size_t end = first.find_last_not_of('.') + 1;  // of a sentence
    const std::string rest = path.substr(end);
    return redacted_path(first.substr(0, end), *this) +
           (rest.starts_with(":/") ? ":" + of_path(rest.substr(1)) : of_words(rest));
  }
  if (is_known_path(first)) {
    const size_t next = path.find(":/");
    if (next == std::string::npos) return of_words(path);
    return of_words(path.substr(0, next + 1)) + of_path(path.substr(next + 1));
  }
  const size_t end = std::min(path.find(':'), path.size());
  const std::string rest = path.substr(end);
  return "/" + of_name(path.substr(0, end)) +
         (rest.starts_with(":/") ? ":" + of_path(rest.substr(1)) : of_words(rest));
}

// The server by its name; who asked it, and for what, not at all, but of the instance's own.
std::string Pseudonyms::of_url(const std::string& url) {
  const size_t begin = url.find("://") + 3;
  const std::string rest = url.substr(begin);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string authority = rest.substr(0, slash);
  const std::string server = authority.substr(authority.rfind('@') + 1);  // npos + 1 is 0
  const bool bucket = url.starts_with("s3:");
  const std::string told = bucket ? of_name(server) : of_words(server);
  const bool own = told == server && server.starts_with("1");  // loopback, link-local
  const std::string path = rest.substr(slash);
  return of_words(url.substr(0, begin)) + told +
         (path.size() <= 1 || own ? of_words(path) : "/" + of_name(path));
}

// "arn:aws:iam::123456789012:role/x"
std::string Pseudonyms::of_arn(const std::string& arn) {
  std::vector<std::string> parts = split(arn, ':');
  constexpr size_t kAccount = 4;
  for (size_t i = kAccount; i < parts.size(); ++i) {
    if (parts[i].empty()) continue;
    parts[i] = is_account(parts[i]) ? formatted("00000000%04u", parts[i]) : of_name(parts[i]);
  }
  return join_all(parts, ':');
}

std::string Pseudonyms::of_words(const std::string& text) {
  std::string out;
  std::string word;
  const auto end_word = [&] {
    // 12 digits that are a part of something are no number
    const bool part = word.size() < text.size();
    out += part && is_account(word) ? formatted("00000000%04u", word) : of_word(word);
    word.clear();
  };
  for (const char c : text) {
    if (is_alnum(c) || c == ':' || c == '.' || c == '-') {
      word += c;
      continue;
    }
    end_word();
    out += c;
  }
  end_word();
  return out;
}

unsigned Pseudonyms::number(const std::string& word) {
  return static_cast<unsigned>(numbers_.try_emplace(word, numbers_.size() + 1).first->second) &
         0xffffU;
}

std::string Pseudonyms::formatted(const char* format, const std::string& word) {
  char text[64];
  std::snprintf(text, sizeof text, format, number(word));
  return text;
}

std::string Pseudonyms::of_two_bytes(const char* format, const std::string& word) {
  char text[64];
  std::snprintf(text, sizeof text, format, number(word) >> 8U, number(word) & 0xffU);
  return text;
}

// A GID holds a MAC: its pseudonym holds that MAC's pseudonym.
std::string Pseudonyms::ipv6(const std::string& word) {
  if (const auto inner = parse_gid_mac(word)) {
    return formatted("fe80:0000:0000:0000:0000:00ff:fe00:%04x", *inner);
  }
  if (!word.starts_with("fe80")) return formatted("2001:db8::%x", word);
  return word.find("::") == std::string::npos
             ? formatted("fe80:0000:0000:0000:0000:0000:0000:%04x", word)
             : formatted("fe80::%x", word);
}

std::string Pseudonyms::of_word(const std::string& word) {
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
      return word;  // already another
    case Identity::kHexId:
      return std::string(word.size() - 4, '0') + formatted("%04x", word);
    case Identity::kAwsId:
      return word.substr(0, word.rfind('-')) + formatted("-0000000000000%04x", word);
    case Identity::kHostName:
      return of_name(word);
    default:
      return of_parts(word);
  }
}

// "10.0.0.1:8080", "ip-10-0-0-1.of.me", "10.0.0.1."
std::string Pseudonyms::of_parts(const std::string& word) {
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

}  // namespace efa
