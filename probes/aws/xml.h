// What S3 and STS say in XML. Interface: Amazon S3 API Reference, "Error responses"; AWS STS API
// Reference, "AssumeRoleWithWebIdentity". From pugixml.
#pragma once

#include <string>

#include "probes/aws/credentials.h"

namespace efa {

struct ServiceError {
  std::string code;      // "NoSuchBucket"; "" when the body is no error of a service
  std::string message;   // for people; one line of at most 300 printable characters
  std::string region;    // of the bucket, where the error is about it
  std::string endpoint;  // where the bucket is served, where the error is about that
};

// <Error><Code>NoSuchBucket</Code><Message>...</Message></Error>, also inside <ErrorResponse>
ServiceError parse_service_error(const std::string& body);

// The keys in an <AssumeRoleWithWebIdentityResponse>.
Result<Credentials> parse_assumed_role(const std::string& body, const std::string& source);

}  // namespace efa
