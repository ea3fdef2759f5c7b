// Why S3 did not take a report, and who has to do what. Codes: Amazon S3 API Reference, "Error
// responses"; those of Ceph and MinIO where they differ.

#include <fmt/core.h>

#include "agent/deliver/s3/answer.h"
#include "probes/base/text.h"
#include "probes/base/url.h"

namespace efa {
namespace {

std::string bucket_of(const PutContext& context) {
  return fmt::format("bucket '{}'", context.target.bucket);
}

std::string arn_partition(const std::string& region) {
  if (region.starts_with("cn-")) return "aws-cn";
  return region.starts_with("us-gov-") ? "aws-us-gov" : "aws";
}

// "arn:aws:s3:::bucket/prefix/*"
std::string resource_of(const PutContext& context) {
  const std::string& prefix = context.target.prefix;
  return fmt::format("arn:{}:s3:::{}/{}", arn_partition(context.region), context.target.bucket,
                     prefix.empty() ? "*" : prefix + "/*");
}

std::string explain_denied(const PutContext& context) {
  std::string text =
      fmt::format("the credentials ({}) may not put objects: allow s3:PutObject on {}",
                  context.credentials_source, resource_of(context));
  if (context.sse == "aws:kms") {
    text += ", and kms:GenerateDataKey on the key";
    if (!context.kms_key_id.empty()) text += " " + context.kms_key_id;
  }
  // Ceph with its token service, for one
  if (context.with_session || !context.target.endpoint.empty()) {
    text += "; some servers say the same of a wrong secret access key";
    if (context.with_session) text += " or session token";
  }
  text += "; a bucket policy that demands encryption or a VPC endpoint denies it too";
  if (!context.expected_bucket_owner.empty()) {
    text += fmt::format(
        "; so does S3 when account {} (s3.expected_bucket_owner) does not own the bucket",
        context.expected_bucket_owner);
  }
  return text;
}

// Where the server says that the bucket is; "" when it does not.
std::string named_place(const HttpAnswer& answer, const ServiceError& error) {
  for (const std::string& text : {error.endpoint, answer.header("location")}) {
    const Result<Url> url = parse_url(text, "the place");
    if (url) return url->origin();
  }
  return "";
}

std::string explain_elsewhere(const HttpAnswer& answer, const ServiceError& error,
                              const PutContext& context) {
  std::string region = answer.header("x-amz-bucket-region");
  if (!is_region(region)) region = error.region;
  const bool other_region = is_region(region) && region != context.region;
  const std::string place = named_place(answer, error);
  const std::string& endpoint = context.target.endpoint;
  std::string text = bucket_of(context);
  if (!endpoint.empty()) {
    text += fmt::format(" is not served at {} (asked for region {})", endpoint, context.region);
  } else if (is_region(region) && !other_region) {
    text += fmt::format(" is in region {} but not served at the address of its S3", region);
  } else {
    text += " is not in region " + context.region;
  }
  if (other_region) text += (endpoint.empty() ? " but in " : "; it is in region ") + region;
  if (!place.empty()) text += "; the server names " + place;
  if (!endpoint.empty()) return text + ": correct s3.endpoint, or the bucket in s3.uri";
  return text + ": s3.region or s3.endpoint must name where it is";
}

// What the settings add to a plain PUT, of which a server may lack one.
std::string options_of(const PutContext& context) {
  std::vector<std::string> options;
  if (!context.sse.empty()) options.push_back(fmt::format("s3.sse = \"{}\"", context.sse));
  if (!context.kms_key_id.empty()) {
    options.push_back(fmt::format("s3.kms_key_id = \"{}\"", context.kms_key_id));
  }
  if (!context.storage_class.empty()) {
    options.push_back(fmt::format("s3.storage_class = \"{}\"", context.storage_class));
  }
  if (!context.expected_bucket_owner.empty()) options.emplace_back("s3.expected_bucket_owner");
  if (context.with_session) {
    options.push_back(
        fmt::format("the session token of the credentials ({})", context.credentials_source));
  }
  if (context.checksum) options.emplace_back("s3.checksum (false leaves it out)");
  return join(options, ", ");
}

std::string explain_options(const char* what, const PutContext& context) {
  const std::string options = options_of(context);
  return options.empty() ? what : fmt::format("{}; it may be one of {}", what, options);
}

struct Explanation {
  const char* code;
  const char* words;
};

constexpr Explanation kExplanations[] = {
    {"InvalidAccessKeyId",
     "S3 does not know the access key: it was deleted or belongs to another "
     "partition or server"},
    {"SignatureDoesNotMatch",
     "the secret access key does not belong to the access key, or a proxy changes what is sent"},
    {"ExpiredToken", "the session token has expired and its source gave no newer one"},
    {"InvalidToken", "the session token does not belong to the access key"},
    {"TokenRefreshRequired", "the session token has expired and its source gave no newer one"},
    {"InvalidSecurity", "S3 does not take the credentials: a wrong key, secret or session token"},
    {"InvalidClientTokenId", "S3 does not take the credentials: a wrong key or session token"},
    {"MissingAuthenticationToken",
     "something between this node and S3 removed the signature from the request"},
    {"RequestTimeTooSkewed",
     "the clock of this node is wrong and correcting it by S3's clock was "
     "not enough"},
    {"RequestExpired", "the clock of this node is wrong"},
    {"AccountProblem", "something is wrong with the AWS account: its owner must ask AWS Support"},
    {"NotSignedUp", "the AWS account is not signed up for S3: its owner must do that"},
    {"InvalidPayer",
     "all access to this bucket is disabled: its owner must pay or ask AWS Support"},
    {"AllAccessDisabled",
     "all access to the bucket or its account is disabled: their owner must ask AWS Support"},
    {"UserSuspended",
     "the user of the access key is suspended: the server's administrator can enable it"},
    {"InvalidRegion", "the account has not enabled the region of the bucket"},
    {"InvalidBucketName", "s3.uri names a bucket that cannot exist on this server"},
    {"InvalidBucketState", "the bucket is in a state in which it takes no objects"},
    {"InvalidBucketOwnerAWSAccountID", "s3.expected_bucket_owner is not an account number"},
    {"InvalidStorageClass", "s3.storage_class is not one that S3 knows"},
    {"InvalidEncryptionAlgorithmError", "s3.sse is not one that S3 knows"},
    {"ServerSideEncryptionConfigurationNotFoundError",
     "the server does not support encryption: s3.sse"},
    {"InvalidObjectState", "an object of this name is archived or locked"},
    {"EntityTooLarge", "the report is larger than S3 takes"},
    {"MaxMessageLengthExceeded", "the report is larger than S3 takes"},
    {"KeyTooLongError", "the object's name is too long: shorten the prefix in s3.uri"},
    {"BadDigest", "what arrived is not what was sent; if it stays so: s3.checksum = false"},
    {"InvalidDigest", "the server does not take the checksum: s3.checksum = false"},
    {"XAmzContentChecksumMismatch",
     "what arrived is not what was sent; if it stays so: s3.checksum = false"},
    {"SlowDown", "S3 asks for fewer requests"},
    {"ServiceUnavailable", "S3 is overloaded"},
};

std::string explain_kms(const ServiceError& error, const PutContext& context) {
  const std::string key =
      context.kms_key_id.empty()
          ? "the KMS key of the bucket, which is that of the account without s3.kms_key_id,"
          : fmt::format("the KMS key {} (s3.kms_key_id)", context.kms_key_id);
  const char* what =
      error.code == "KMS.DisabledException"   ? " is disabled: enable it"
      : error.code == "KMS.NotFoundException" ? " does not exist in this region"
      : error.code == "KMS.AccessDeniedException"
          ? " may not be used: allow kms:GenerateDataKey on it"
          : " cannot be used: it is disabled, waits for deletion or is no key for it";
  return key + what;
}

std::string explain_code(const HttpAnswer& answer, const ServiceError& error,
                         const PutContext& context) {
  if (is_about_room(error)) {
    return bucket_of(context) + " or its user has no room left: raise the quota or remove objects";
  }
  if (error.code == "AccessDenied") return explain_denied(context);
  if (error.code == "NoSuchBucket") {
    return bucket_of(context) + " does not exist: create it or correct s3.uri";
  }
  if (error.code == "PermanentRedirect" || error.code == "AuthorizationHeaderMalformed" ||
      error.code == "IllegalLocationConstraintException") {
    return explain_elsewhere(answer, error, context);
  }
  // Ceph says InvalidAccessKeyId of a key that it cannot get for us
  const bool about_key = context.sse == "aws:kms" && error.message.find("kms") != std::string::npos;
  if (about_key || error.code.starts_with("KMS.")) return explain_kms(error, context);
  for (const Explanation& explanation : kExplanations) {
    if (error.code == explanation.code) return explanation.words;
  }
  return "";
}

std::string explain_status(const HttpAnswer& answer, const ServiceError& error,
                           const PutContext& context) {
  const long status = answer.status;
  if (status >= 200 && status < 300) return "the server is not S3: its answer has no ETag";
  if (error.code == "TemporaryRedirect") {
    return fmt::format("for a while {} is served elsewhere; it is tried again", bucket_of(context));
  }
  if (status >= 300 && status < 400) return explain_elsewhere(answer, error, context);
  switch (status) {
    case 400:
      return explain_options("the server refused the request", context);
    case 403:
      return explain_denied(context);
    case 404:
      return bucket_of(context) + " was not found";
    case 405:
      return "the server does not accept objects: correct s3.endpoint";
    case 407:
      return "the proxy wants a user and a password: s3.proxy or https_proxy holds them as "
             "http://user:password@host:port";
    case 409:
      return "another request changes the object or the bucket; it is tried again";
    case 412:
      return "the object exists already, or a precondition is not met";
    case 413:
      return "the report is larger than the server, or something before it, takes";
    case 501:
      return explain_options("the server does not support something that the request asks for",
                             context);
    case 507:
      return "the server has no room left";
    case 511:
      return "the network requires a login first";
    default:
      return status >= 500 ? "the server could not" : "the server refused";
  }
}

std::string explain_proxy(long status) {
  if (status == 407) return explain_status({status, {}, ""}, {}, {});
  return fmt::format(
      "the proxy {} connect to the server: s3.proxy, https_proxy or no_proxy may be wrong, or the "
      "proxy's own rules",
      status >= 500 ? "could not" : "does not let us");
}

}  // namespace

bool is_about_room(const ServiceError& error) {
  const std::string text = lower_case(fmt::format("{} {}", error.code, error.message));
  for (const char* word : {"quota", "storagefull", "storage full", "bucketfull", "bucket is full",
                           "no space", "insufficient storage", "insufficientstorage"}) {
    if (text.find(word) != std::string::npos) return true;
  }
  return false;
}

std::string explain_answer(const HttpAnswer& answer, const ServiceError& error,
                           const PutContext& context) {
  if (answer.of_proxy) return explain_proxy(answer.status);
  std::string words = explain_code(answer, error, context);
  if (words.empty()) words = explain_status(answer, error, context);
  if (!error.message.empty()) words += fmt::format(" (S3: {})", error.message);
  return words;
}

std::string explain_certificate(const Error& error, const PutContext& context) {
  const auto says = [&](const char* word) { return error.what.find(word) != std::string::npos; };
  if (says("subject name") || says("does not match")) {
    if (!bucket_in_path(context.target)) {
      return " (the bucket is part of the host's name: s3.addressing = \"path\" takes it out)";
    }
    return " (s3.endpoint must name the server as its certificate does)";
  }
  if (says("expired") || says("not yet valid")) {
    return " (it must be renewed, or the clock of this node is wrong)";
  }
  return " (s3.ca_file names the authorities to trust)";
}

}  // namespace efa
