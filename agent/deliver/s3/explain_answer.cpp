// Why S3 did not take a report, and who has to do what.

#include "agent/deliver/s3/answer.h"

namespace efa {
namespace {

std::string bucket_of(const PutContext& context) {
  return "bucket '" + context.target.bucket + "'";
}

std::string arn_partition(const std::string& region) {
  if (region.starts_with("cn-")) return "aws-cn";
  return region.starts_with("us-gov-") ? "aws-us-gov" : "aws";
}

// "arn:aws:s3:::bucket/prefix/*"
std::string resource_of(const PutContext& context) {
  const std::string& prefix = context.target.prefix;
  return "arn:" + arn_partition(context.region) + ":s3:::" + context.target.bucket + "/" +
         (prefix.empty() ? "*" : prefix + "/*");
}

std::string explain_denied(const PutContext& context) {
  std::string text = "the credentials (" + context.credentials_source +
                     ") may not put objects: allow s3:PutObject on " + resource_of(context);
  if (context.sse == "aws:kms") {
    text += ", and kms:GenerateDataKey on the key" +
            (context.kms_key_id.empty() ? "" : " " + context.kms_key_id);
  }
  text += "; a bucket policy that demands encryption or a VPC endpoint denies it too";
  if (!context.expected_bucket_owner.empty()) {
    text += "; so does S3 when account " + context.expected_bucket_owner +
            " (s3.expected_bucket_owner) does not own the bucket";
  }
  return text;
}

std::string explain_elsewhere(const ServiceError& error, const PutContext& context) {
  std::string text = bucket_of(context) + " is not in region " + context.region;
  if (!error.region.empty()) text += " but in " + error.region;
  return text + ": s3.region or s3.endpoint must name where it is";
}

struct Explanation {
  const char* code;
  const char* words;
};

constexpr Explanation kExplanations[] = {
    {"InvalidAccessKeyId",
     "S3 does not know the access key: it was deleted or is of another "
     "partition or server"},
    {"SignatureDoesNotMatch", "the secret access key does not belong to the access key"},
    {"ExpiredToken", "the session token has expired and its source gave no newer one"},
    {"InvalidToken", "the session token does not belong to the access key"},
    {"TokenRefreshRequired", "the session token has expired and its source gave no newer one"},
    {"RequestTimeTooSkewed",
     "the clock of this node is wrong and correcting it by S3's was not "
     "enough"},
    {"AccountProblem", "something is wrong with the AWS account: its owner asks AWS Support"},
    {"InvalidStorageClass", "s3.storage_class is none that S3 knows"},
    {"EntityTooLarge", "the report is larger than S3 takes"},
    {"KeyTooLongError", "the object's name is too long: shorten the prefix in s3.uri"},
    {"SlowDown", "S3 asks for fewer requests"},
    {"ServiceUnavailable", "S3 is overloaded"},
};

std::string explain_code(const ServiceError& error, const PutContext& context) {
  if (error.code == "AccessDenied" || error.code == "AllAccessDisabled") {
    return explain_denied(context);
  }
  if (error.code == "NoSuchBucket") {
    return bucket_of(context) + " does not exist: create it or correct s3.uri";
  }
  if (error.code == "PermanentRedirect" || error.code == "AuthorizationHeaderMalformed" ||
      error.code == "IllegalLocationConstraintException") {
    return explain_elsewhere(error, context);
  }
  if (error.code.starts_with("KMS.")) {
    return "the KMS key " + context.kms_key_id + " (s3.kms_key_id) cannot be used";
  }
  for (const Explanation& explanation : kExplanations) {
    if (error.code == explanation.code) return explanation.words;
  }
  return "";
}

std::string explain_status(long status, const PutContext& context) {
  if (status >= 200 && status < 300) return "what answered is no S3: the answer has no ETag";
  switch (status) {
    case 301:
    case 307:
      return explain_elsewhere({}, context);
    case 403:
      return explain_denied(context);
    case 404:
      return bucket_of(context) + " was not found";
    case 407:
      return "the proxy wants a user and a password";
    default:
      return status >= 500 ? "the server could not" : "the server refused";
  }
}

}  // namespace

std::string explain_answer(long status, const ServiceError& error, const PutContext& context) {
  std::string words = explain_code(error, context);
  if (words.empty()) words = explain_status(status, context);
  if (!error.message.empty()) words += " (S3: " + error.message + ")";
  return words;
}

}  // namespace efa
