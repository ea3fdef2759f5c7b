// What a service of AWS says when it refuses. Interfaces: Amazon S3 API Reference, "Error
// responses"; EC2 API Reference, "Error codes"; IAM and STS, "Common errors"; AWS JSON 1.1.
#pragma once

#include <string>

namespace efa {

struct ServiceError {
  std::string code;      // "NoSuchBucket"; "" when the body is no error of a service
  std::string message;   // for people; one line of at most 300 printable characters
  std::string region;    // of the bucket, where the error is about it
  std::string endpoint;  // where the bucket is served, where the error is about that
};

// S3:       <Error><Code>NoSuchBucket</Code><Message>...</Message></Error>
// IAM, STS: <ErrorResponse><Error>...</Error></ErrorResponse>
// EC2:      <Response><Errors><Error>...</Error></Errors><RequestID>...</RequestID></Response>
// SSM:      {"__type":"com.amazonaws.ssm#ThrottlingException","message":"Rate exceeded"}
// What EC2 encodes of an authorization (who may do what) is left out of the message.
ServiceError parse_service_error(const std::string& body);

}  // namespace efa
