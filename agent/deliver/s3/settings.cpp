#include "agent/deliver/s3/settings.h"

namespace efa {
namespace {

Error wrong(const char* setting, const char* what) {
  return {ErrorKind::kMalformed, setting, what};
}

}  // namespace

bool delivers_to_s3(const Config& config) {
  return !config.s3_uri.empty();
}

Result<Done> check_s3(const Config& config) {
  if (!delivers_to_s3(config)) return Done{};
  const Result<S3Target> target =
      parse_target(config.s3_uri, config.s3_endpoint, config.s3_addressing);
  if (!target) return target.error();
  if (!config.s3_sse.empty() && config.s3_sse != "AES256" && config.s3_sse != "aws:kms") {
    return wrong("s3.sse", "must be AES256 or aws:kms");
  }
  if (!config.s3_kms_key_id.empty() && config.s3_sse != "aws:kms") {
    return wrong("s3.kms_key_id", "is of use only with s3.sse = \"aws:kms\"");
  }
  for (const std::string* text : {&config.s3_kms_key_id, &config.s3_expected_bucket_owner,
                                  &config.s3_storage_class, &config.s3_region}) {
    if (text->find_first_of("\r\n") != std::string::npos) {
      return wrong("s3", "a value has several lines");
    }
  }
  return Done{};
}

std::string destination_of(const Config& config) {
  return config.s3_uri + (config.s3_endpoint.empty() ? "" : " at " + config.s3_endpoint);
}

std::string spool_directory(const Config& config) {
  return config.state_directory + "/spool";
}

std::string delivery_state_path(const Config& config) {
  return config.state_directory + "/delivery.json";
}

Spool spool_of(const Config& config) {
  SpoolBounds bounds;
  bounds.count = static_cast<size_t>(config.s3_spool_count);
  bounds.bytes = static_cast<uint64_t>(config.s3_spool_mib) * 1024 * 1024;
  return {spool_directory(config), bounds};
}

}  // namespace efa
