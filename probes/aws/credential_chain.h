// Where credentials come from, asked in the order of the AWS SDKs: environment, web identity,
// shared files, container endpoint, instance role. The first that is set up answers; kept until
// shortly before it expires.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "probes/aws/credentials.h"
#include "probes/aws/http.h"

namespace efa {

// The value of an environment variable, "" when it is not set.
using Environment = std::function<std::string(const char*)>;

struct ChainSettings {
  std::string profile;            // "": AWS_PROFILE, else "default"
  std::string region;             // whose STS is asked; "": the global one
  std::string metadata_endpoint;  // "": not on EC2, no instance role to ask for
  std::chrono::milliseconds metadata_budget{1'000};
};

// One source. kNotFound: it is not set up here, ask the next one.
Result<Credentials> credentials_of_environment(const Environment& environment);
Result<Credentials> credentials_of_web_identity(const Environment& environment,
                                                const std::string& region, Http& http);
Result<Credentials> credentials_of_files(const Environment& environment,
                                         const std::string& profile);
Result<Credentials> credentials_of_container(const Environment& environment, Http& http);
Result<Credentials> credentials_of_instance(const ChainSettings& settings);

// Plain HTTP to a host that is neither this machine nor the container services' own would hand the
// authorization token to anyone.
bool is_allowed_container_url(const std::string& url);
// The region that a profile names; "" when none does.
std::string region_of_files(const Environment& environment, const std::string& profile);

class CredentialChain {
 public:
  CredentialChain(ChainSettings settings, Environment environment, Http& http);

  // Asks again from five minutes before the expiry on; what is at hand serves until it expires.
  Result<Credentials> current(int64_t now_ms);
  // Asks the source again whatever is at hand.
  Result<Credentials> renewed(int64_t now_ms);

 private:
  Result<Credentials> ask();

  ChainSettings settings_;
  Environment environment_;
  Http& http_;
  std::optional<Credentials> held_;
  int64_t asked_at_ms_ = 0;
};

}  // namespace efa
