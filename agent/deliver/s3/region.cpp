#include "agent/deliver/s3/region.h"

#include "agent/deliver/files.h"
#include "probes/cloud/metadata.h"
#include "probes/protocol/text.h"

namespace efa {
namespace {

std::string region_of_instance(const ChainSettings& settings) {
  if (settings.metadata_endpoint.empty()) return "";
  Metadata metadata(settings.metadata_endpoint,
                    std::chrono::steady_clock::now() + settings.metadata_budget);
  if (!metadata.start_session()) return "";
  return metadata.get("placement/region").value_or("");
}

bool is_ec2() {
  constexpr size_t kMaxName = 4096;  // a page of sysfs
  const Result<std::string> vendor = read_file("/sys/class/dmi/id/sys_vendor", kMaxName);
  return vendor && trim(*vendor) == "Amazon EC2";
}

}  // namespace

std::string first_region(std::initializer_list<std::string> regions) {
  for (const std::string& region : regions) {
    if (!region.empty()) return region;
  }
  return "us-east-1";
}

std::string region_of_node(const ChainSettings& settings, const Environment& environment) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    std::string region = environment(name);
    if (!region.empty()) return region;
  }
  std::string of_profile = region_of_files(environment, settings.profile);
  return !of_profile.empty() ? of_profile : region_of_instance(settings);
}

std::string metadata_endpoint(const std::string& configured, const Environment& environment) {
  if (!configured.empty()) return configured;
  if (environment("AWS_EC2_METADATA_DISABLED") == "true") return "";
  std::string own = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (!own.empty()) return own;
  return is_ec2() ? kMetadataEndpoint : "";
}

}  // namespace efa
