#include "agent/config/s3_settings.h"

#include "probes/base/files.h"
#include "probes/base/text.h"
#include "probes/base/url.h"

namespace efa {
namespace {

// What becomes a header, and would have control characters in it.
std::vector<Error> check_headers(const S3Config& config) {
  std::vector<Error> errors;
  const std::pair<const char*, const std::string*> headers[] = {
      {"s3.kms_key_id", &config.kms_key_id},
      {"s3.expected_bucket_owner", &config.expected_bucket_owner},
      {"s3.storage_class", &config.storage_class}};
  for (const auto& [setting, value] : headers) {
    if (!is_visible_ascii(*value)) {
      errors.push_back(
          malformed(setting, "contains spaces, control characters or non-ASCII characters"));
    }
  }
  const std::string& owner = config.expected_bucket_owner;
  constexpr size_t kAccountDigits = 12;
  const bool account = owner.empty() || (owner.size() == kAccountDigits &&
                                         owner.find_first_not_of("0123456789") == owner.npos);
  if (!account) {
    errors.push_back(malformed("s3.expected_bucket_owner", "is not an account number (12 digits)"));
  }
  return errors;
}

Result<Done> check_encryption(const S3Config& config) {
  const bool known = config.sse.empty() || config.sse == "AES256" || config.sse == "aws:kms";
  if (!known) return malformed("s3.sse", "must be AES256 or aws:kms");
  if (!config.kms_key_id.empty() && config.sse != "aws:kms") {
    return malformed("s3.kms_key_id", "takes effect only with s3.sse = \"aws:kms\"");
  }
  return Done{};
}

}  // namespace

bool delivers_to_s3(const S3Config& config) {
  return !config.uri.empty();
}

std::vector<Error> check_s3(const S3Config& config) {
  // each by itself, and although nothing is delivered yet
  constexpr const char* kAnyUri = "s3://any-bucket";
  std::vector<Error> errors = check_headers(config);
  const auto note = [&errors](const auto& result) {
    if (!result) errors.push_back(result.error());
  };
  note(parse_target(delivers_to_s3(config) ? config.uri : kAnyUri, "", "auto"));
  note(parse_target(kAnyUri, config.endpoint, "auto"));
  note(parse_target(kAnyUri, "", config.addressing));
  if (!config.region.empty() && !is_region(config.region)) {
    errors.push_back(malformed("s3.region", "is not a region: only letters, digits and '-'"));
  }
  if (!config.proxy.empty()) note(parse_proxy(config.proxy, "s3.proxy"));
  note(check_encryption(config));
  return errors;
}

Result<Done> check_authorities(const S3Config& config) {
  constexpr size_t kMaxFile = size_t{16} * 1024 * 1024;  // the system's have some 200 KiB
  if (config.ca_file.empty()) return Done{};
  const Result<std::string> text = read_file(config.ca_file, kMaxFile);
  if (!text) return Error{text.error().kind, "s3.ca_file", message_of(text.error())};
  const bool some = text->find("-----BEGIN CERTIFICATE-----") != std::string::npos ||
                    text->find("-----BEGIN TRUSTED CERTIFICATE-----") != std::string::npos;
  if (!some) return malformed("s3.ca_file", "contains no PEM certificate");
  return Done{};
}

std::string destination_of(const S3Config& config) {
  return config.uri + (config.endpoint.empty() ? "" : " at " + config.endpoint);
}

}  // namespace efa
