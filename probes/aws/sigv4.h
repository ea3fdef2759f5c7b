// AWS Signature Version 4: a pure function from a request to the headers that sign it. Interface:
// IAM User Guide, "Create a signed AWS API request"; Amazon S3 API Reference, "Authenticating
// Requests". S3 encodes a path once and never normalises it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "probes/aws/credentials.h"
#include "probes/aws/http.h"

namespace efa {

struct SigningRequest {
  std::string method;
  std::string path = "/";                                  // before encoding
  std::vector<std::pair<std::string, std::string>> query;  // before encoding
  Headers headers;                                         // all are signed; names in any case
  std::string payload_hash;                                // SHA-256 in hex
};

struct SigningScope {
  std::string region;
  std::string service;
  int64_t unix_ms = 0;
};

// The headers to be sent besides those of the request: x-amz-date, x-amz-security-token when there
// is a session, authorization.
Headers signing_headers(const SigningRequest& request, const SigningScope& scope,
                        const Credentials& credentials);

// The part that people compare with what a server says it calculated; for tests.
std::string canonical_request(const SigningRequest& request);

}  // namespace efa
