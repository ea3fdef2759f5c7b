#include "agent/deliver/s3/target.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "agent/deliver/s3/percent.h"

namespace efa {
namespace {

Error malformed(const char* setting, const std::string& what) {
  return {ErrorKind::kMalformed, setting, what};
}

bool is_bucket_name(std::string_view name) {
  return name.size() >= 3 && name.size() <= 255 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
         });
}

std::string_view without_slashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

std::string_view host_of(std::string_view endpoint) {
  return endpoint.substr(endpoint.find("://") + 3);
}

// curl leaves the port out of the Host header where it is the scheme's own
std::string without_default_port(std::string endpoint) {
  const bool plain = endpoint.starts_with("http://");
  const std::string_view port = plain ? ":80" : ":443";
  if (endpoint.ends_with(port)) endpoint.erase(endpoint.size() - port.size());
  return endpoint;
}

Result<std::string> parse_endpoint(std::string endpoint) {
  if (endpoint.empty()) return endpoint;
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const bool known = endpoint.starts_with("https://") || endpoint.starts_with("http://");
  if (!known || host_of(endpoint).empty() ||
      host_of(endpoint).find_first_of("/?#@ ") != std::string_view::npos) {
    return malformed("s3.endpoint", "must be like https://host or https://host:port");
  }
  return without_default_port(std::move(endpoint));
}

std::optional<Addressing> parse_addressing(const std::string& word) {
  if (word == "auto") return Addressing::kAuto;
  if (word == "path") return Addressing::kPath;
  if (word == "virtual") return Addressing::kVirtual;
  return std::nullopt;
}

bool in_path(const S3Target& target) {
  if (target.addressing != Addressing::kAuto) return target.addressing == Addressing::kPath;
  return !target.endpoint.empty() || target.bucket.find('.') != std::string::npos;
}

}  // namespace

Result<S3Target> parse_target(const std::string& uri, const std::string& endpoint,
                              const std::string& addressing) {
  constexpr std::string_view kScheme = "s3://";
  if (!uri.starts_with(kScheme)) return malformed("s3.uri", "must be like s3://bucket/prefix");
  const std::string_view rest = std::string_view(uri).substr(kScheme.size());
  const size_t slash = std::min(rest.find('/'), rest.size());
  S3Target target;
  target.bucket = rest.substr(0, slash);
  target.prefix = without_slashes(rest.substr(slash));
  if (!is_bucket_name(target.bucket)) {
    return malformed("s3.uri", "'" + target.bucket + "' is no name of a bucket");
  }
  const auto has_control = [](unsigned char c) { return std::iscntrl(c) != 0; };
  if (target.prefix.size() > 512 ||
      std::any_of(target.prefix.begin(), target.prefix.end(), has_control)) {
    return malformed("s3.uri", "the prefix is too long or has control characters");
  }
  const Result<std::string> parsed = parse_endpoint(endpoint);
  if (!parsed) return parsed.error();
  target.endpoint = *parsed;
  const std::optional<Addressing> way = parse_addressing(addressing);
  if (!way) return malformed("s3.addressing", "must be auto, path or virtual");
  target.addressing = *way;
  return target;
}

ObjectAddress address_of(const S3Target& target, const std::string& region,
                         const std::string& key) {
  const std::string endpoint = !target.endpoint.empty()
                                   ? target.endpoint
                                   : "https://s3." + region + "." + domain_of_region(region);
  const std::string scheme = endpoint.substr(0, endpoint.find("://") + 3);
  ObjectAddress address;
  if (in_path(target)) {
    address.host = host_of(endpoint);
    address.path = "/" + target.bucket + "/" + key;
  } else {
    address.host = target.bucket + "." + std::string(host_of(endpoint));
    address.path = "/" + key;
  }
  address.url = scheme + address.host + percent_encoded(address.path, true);
  return address;
}

std::string domain_of_region(const std::string& region) {
  // botocore's partitions, of which the agent's nodes may be part
  constexpr std::pair<const char*, const char*> kDomains[] = {
      {"cn-", "amazonaws.com.cn"},    {"us-iso-", "c2s.ic.gov"},      {"us-isob-", "sc2s.sgov.gov"},
      {"eu-isoe-", "cloud.adc-e.uk"}, {"us-isof-", "csp.hci.ic.gov"}, {"eusc-", "amazonaws.eu"},
  };
  for (const auto& [prefix, domain] : kDomains) {
    if (region.starts_with(prefix)) return domain;
  }
  return "amazonaws.com";
}

}  // namespace efa
