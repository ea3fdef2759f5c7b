#include "probes/aws/credentials.h"

#include <map>

#include "probes/base/text.h"
#include "probes/base/times.h"
#include "probes/base/value.h"

namespace efa {
namespace {

// Keys of a profile with which an SDK gets credentials in ways that we do not know.
constexpr const char* kUnsupported[] = {"credential_process", "sso_session", "sso_start_url",
                                        "role_arn"};

// "[profile name]" -> "name"
std::string section_name(std::string_view line) {
  line = line.substr(1, line.find(']') - 1);
  line = trim(line);
  if (line.starts_with("profile ") || line.starts_with("profile\t")) line.remove_prefix(8);
  return std::string(trim(line));
}

bool is_blank_or_comment(std::string_view line) {
  const std::string_view text = trim(line);
  return text.empty() || text.front() == '#' || text.front() == ';';
}

using Keys = std::map<std::string, std::string>;

// A line that is indented belongs to the key before it (nested settings): none of ours.
std::optional<Keys> keys_of_section(std::string_view ini, const std::string& name) {
  std::optional<Keys> keys;
  bool inside = false;
  for (const std::string& line : split(ini, '\n')) {
    if (is_blank_or_comment(line) || line.front() == ' ' || line.front() == '\t') continue;
    if (line.front() == '[') {
      inside = section_name(line) == name;
      if (inside && !keys) keys.emplace();
      continue;
    }
    const size_t equals = line.find('=');
    if (!inside || equals == std::string::npos) continue;
    (*keys)[std::string(trim(std::string_view(line).substr(0, equals)))] =
        trim(std::string_view(line).substr(equals + 1));
  }
  return keys;
}

std::string text_of(const Keys& keys, const char* key) {
  const auto found = keys.find(key);
  return found == keys.end() ? "" : found->second;
}

}  // namespace

Result<Credentials> parse_credentials_json(std::string_view json, const std::string& source) {
  const Result<Value> value = parse_json(json, source);
  // what the parser says may quote the text
  if (!value) return malformed(source, "the answer is not JSON");
  Credentials credentials;
  credentials.access_key_id = value->text("AccessKeyId");
  credentials.secret_access_key = Secret(value->text("SecretAccessKey"));
  credentials.session_token = Secret(value->text("Token"));
  credentials.source = source;
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty()) {
    const std::string code = value->text("Code") + value->text("code");
    return malformed(source, "the answer contains no keys" + (code.empty() ? "" : ": " + code));
  }
  const std::string expiration = value->text("Expiration");
  credentials.expires_at_ms = parse_iso_time_ms(expiration);
  if (!expiration.empty() && !credentials.expires_at_ms) {
    return malformed(source, "Expiration is not a time");
  }
  return credentials;
}

Result<Credentials> sendable(Credentials credentials) {
  constexpr size_t kLongestKey = 512;
  constexpr size_t kLongestToken = size_t{32} * 1024;  // STS gives some KiB
  const std::string& token = credentials.session_token.reveal();
  const std::string& key = credentials.access_key_id;
  if (key.size() > kLongestKey || !is_visible_ascii(key) ||
      key.find_first_of("/,") != std::string::npos) {
    return malformed(credentials.source, "the access key contains invalid characters");
  }
  if (token.size() > kLongestToken || !is_visible_ascii(token)) {
    return malformed(credentials.source, "the session token contains invalid characters");
  }
  return credentials;
}

Result<Profile> parse_profile(std::string_view ini, const std::string& name,
                              const std::string& where) {
  const std::optional<Keys> keys = keys_of_section(ini, name);
  if (!keys) return Error{ErrorKind::kNotFound, where, "has no profile '" + name + "'"};
  Profile profile;
  profile.region = text_of(*keys, "region");
  for (const char* key : kUnsupported) {
    if (profile.unsupported.empty() && keys->contains(key)) profile.unsupported = key;
  }
  Credentials found;
  found.access_key_id = text_of(*keys, "aws_access_key_id");
  found.secret_access_key = Secret(text_of(*keys, "aws_secret_access_key"));
  found.session_token = Secret(text_of(*keys, "aws_session_token"));
  found.source = "profile '" + name + "' of " + where;
  if (found.access_key_id.empty() != found.secret_access_key.empty()) {
    return malformed(where,
                     "profile '" + name + "' has only one of access key and secret access key");
  }
  if (!found.access_key_id.empty()) profile.credentials = std::move(found);
  return profile;
}

}  // namespace efa
