#include "probes/aws/region.h"

#include "probes/aws/metadata.h"
#include "probes/aws/target.h"
#include "probes/base/files.h"
#include "probes/base/text.h"
#include "probes/base/url.h"

namespace efa {
namespace {

std::string region_of_instance(const ChainSettings& settings) {
  if (settings.metadata_endpoint.empty()) return "";
  Metadata metadata(settings.metadata_endpoint,
                    std::chrono::steady_clock::now() + settings.metadata_budget, make_curl_http);
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
    if (is_region(region)) return region;
  }
  return "us-east-1";
}

std::string region_of_node(const ChainSettings& settings, const Environment& environment,
                           const TellIgnored& ignored) {
  const std::pair<const char*, std::function<std::string()>> sources[] = {
      {"AWS_REGION", [&] { return environment("AWS_REGION"); }},
      {"AWS_DEFAULT_REGION", [&] { return environment("AWS_DEFAULT_REGION"); }},
      {"the profile", [&] { return region_of_files(environment, settings.profile); }},
      {"the instance metadata", [&] { return region_of_instance(settings); }},
  };
  for (const auto& [name, region_of] : sources) {
    std::string region = region_of();
    if (is_region(region)) return region;
    if (!region.empty())
      ignored(std::string(name) + ": the region it names is invalid and ignored");
  }
  return "";
}

std::string metadata_endpoint(const std::string& configured, const Environment& environment,
                              const TellIgnored& ignored) {
  constexpr const char* kVariable = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
  if (!configured.empty()) return configured;
  if (environment("AWS_EC2_METADATA_DISABLED") == "true") return "";
  const std::string own = environment(kVariable);
  if (own.empty()) return is_ec2() ? kMetadataEndpoint : "";
  const Result<Url> server = parse_server(own, kVariable);
  if (server) return server->origin();
  ignored(message_of(server.error()) + ": ignored");
  return "";
}

}  // namespace efa
