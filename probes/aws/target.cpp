#include "probes/aws/target.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "probes/aws/percent.h"
#include "probes/base/text.h"
#include "probes/base/url.h"

namespace efa {
namespace {

// Those of general purpose buckets, and the longer ones that us-east-1 once gave.
bool is_bucket_name(std::string_view name) {
  return name.size() >= 3 && name.size() <= 255 && is_alnum(name.front()) &&
         is_alnum(name.back()) && name.find("..") == std::string_view::npos &&
         is_made_of(name, ".-_");
}

// Proxies take "." and ".." for directories, and the signature then is of another path.
bool is_prefix(const std::string& prefix) {
  constexpr size_t kLongest = 512;
  const auto is_control = [](unsigned char c) { return std::iscntrl(c) != 0; };
  const std::vector<std::string> parts = split(prefix, '/');
  return prefix.size() <= kLongest && is_utf8(prefix) &&
         std::none_of(prefix.begin(), prefix.end(), is_control) &&
         std::none_of(parts.begin(), parts.end(),
                      [](const std::string& part) { return part == "." || part == ".."; });
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
Result<std::string> parse_endpoint(const std::string& endpoint) {
  if (endpoint.empty()) return endpoint;
  Result<Url> server = parse_server(endpoint, "s3.endpoint");
  if (!server) return server.error();
  if (server->port == (server->scheme == "http" ? 80 : 443)) server->port.reset();
  return server->origin();
}

std::optional<Addressing> parse_addressing(const std::string& word) {
  if (word == "auto") return Addressing::kAuto;
  if (word == "path") return Addressing::kPath;
  if (word == "virtual") return Addressing::kVirtual;
  return std::nullopt;
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
    return malformed("s3.uri", "what follows s3:// is no name of a bucket");
  }
  if (!is_prefix(target.prefix)) {
    return malformed("s3.uri",
                     "the prefix is too long, is no UTF-8, has control characters, or a "
                     "'.' or '..' between slashes");
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
  if (bucket_in_path(target)) {
    address.host = host_of(endpoint);
    address.path = "/" + target.bucket + "/" + key;
  } else {
    address.host = target.bucket + "." + std::string(host_of(endpoint));
    address.path = "/" + key;
  }
  address.url = scheme + address.host + percent_encoded(address.path, true);
  return address;
}

bool bucket_in_path(const S3Target& target) {
  if (target.addressing != Addressing::kAuto) return target.addressing == Addressing::kPath;
  return !target.endpoint.empty() || target.bucket.find('.') != std::string::npos;
}

bool is_region(const std::string& text) {
  constexpr size_t kLongest = 32;
  return !text.empty() && text.size() <= kLongest && text.front() != '-' && text.back() != '-' &&
         is_made_of(text, "-");
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
