// Sends signed requests. Where an answer shows that this machine's clock or its credentials are
// wrong, both are put right by what the server and their source say, and the request can be sent
// again.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "probes/aws/clock.h"
#include "probes/aws/credential_chain.h"
#include "probes/aws/service_error.h"

namespace efa {

struct SignedRequest {
  HttpRequest http;        // with all its headers, "host" too, but for those that sign it
  std::string path = "/";  // of its URL, before encoding
  std::vector<std::pair<std::string, std::string>> query = {};  // before encoding; to be in the URL
  std::string region;
  std::string service;
};

// One request, however often it is sent: each correction once, a server that asks twice is wrong.
struct SignedTry {
  Credentials credentials;  // those of the last time
  bool clock_corrected = false;
  bool credentials_corrected = false;
};

class SignedHttp {
 public:
  // The offset is that of the server's clock, seen on earlier runs.
  SignedHttp(CredentialChain& credentials, Http& http, const Clock& clock,
             int64_t clock_offset_ms = 0);

  // Those to sign with now.
  Result<Credentials> credentials();
  Result<HttpAnswer> send(SignedRequest request, const Credentials& credentials);
  // Whether something was put right by this answer that was no success.
  bool correct(const HttpAnswer& answer, const ServiceError& error, SignedTry& last);

  [[nodiscard]] int64_t clock_offset_ms() const { return clock_offset_ms_; }

 private:
  [[nodiscard]] int64_t server_time_ms() const;
  bool correct_clock(const HttpAnswer& answer, const ServiceError& error);
  bool correct_credentials(const HttpAnswer& answer, const ServiceError& error,
                           const Credentials& used);

  CredentialChain& credentials_;
  Http& http_;
  const Clock& clock_;
  int64_t clock_offset_ms_;
};

}  // namespace efa
