// PUTs one object to S3: signed, and sent again at once when the answer says how to do it right:
// another region, the server's clock, newer credentials, no conditional write.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/deliver/s3/answer.h"
#include "probes/aws/signed_http.h"

namespace efa {

struct ClientSettings {
  S3Target target;
  std::string region = "us-east-1";
  std::string sse;  // "", "AES256", "aws:kms"
  std::string kms_key_id;
  std::string expected_bucket_owner;
  std::string storage_class;
  bool checksum = true;
  bool gzip = false;
  int64_t timeout_ms = 30'000;  // of a request
  int64_t clock_offset_ms = 0;  // of the server, seen on earlier runs
};

struct PutRequest {
  std::string key;  // below the prefix
  std::string_view body;
  bool only_if_absent = false;  // If-None-Match: *
  int64_t limit_ms = 30'000;
};

class S3Client {
 public:
  S3Client(ClientSettings settings, CredentialChain& credentials, Http& http, const Clock& clock);

  PutResult put(const PutRequest& request);

  // What was learned, to be kept for the next run.
  [[nodiscard]] const std::string& corrected_region() const { return corrected_region_; }
  [[nodiscard]] int64_t clock_offset_ms() const { return signed_.clock_offset_ms(); }

 private:
  struct Try;
  Headers headers_for(const PutRequest& request, const std::string& body,
                      const std::string& host) const;
  Result<HttpAnswer> send(const PutRequest& request, const std::string& body,
                          const Credentials& credentials);
  bool correct(const HttpAnswer& answer, const ServiceError& error, Try& last);
  bool correct_region(const HttpAnswer& answer, const ServiceError& error);
  [[nodiscard]] PutContext context(const Try& last) const;

  ClientSettings settings_;
  SignedHttp signed_;
  const Clock& clock_;
  std::string corrected_region_;    // "": S3 has not said where the bucket is
  bool conditional_writes_ = true;  // until the server says that it has none
};

}  // namespace efa
