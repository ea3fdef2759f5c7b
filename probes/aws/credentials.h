// Keys that sign requests, and the texts that hold them.
// Interfaces: AWS SDKs and Tools Reference Guide ("Shared config and credentials files",
// "Container credential provider"), EC2 User Guide ("Retrieve security credentials").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "probes/aws/secret.h"
#include "probes/base/result.h"

namespace efa {

struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;                  // empty: keys that do not expire
  std::optional<int64_t> expires_at_ms;  // Unix time
  std::string source;                    // for people: "the instance role efa-node"
};

struct Profile {
  std::optional<Credentials> credentials;
  std::string region;
  std::string unsupported;  // the first key by which it asks for what we cannot do
};

// The answer of a container's endpoint or of the metadata service:
// {"AccessKeyId":"ASIA...","SecretAccessKey":"...","Token":"...","Expiration":"2026-11-23T22:00:00Z"}
Result<Credentials> parse_credentials_json(std::string_view json, const std::string& source);

// The same when they may stand in headers; kMalformed when an environment, a file or a service gave
// what is no key.
Result<Credentials> sendable(Credentials credentials);

// One profile of ~/.aws/credentials ("[name]") or ~/.aws/config ("[profile name]"); kNotFound when
// there is none of that name.
Result<Profile> parse_profile(std::string_view ini, const std::string& name,
                              const std::string& where);

}  // namespace efa
