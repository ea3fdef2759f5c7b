#include "probes/account/resources.h"

#include <fmt/core.h>

namespace efa {
namespace {

std::string partition_of(const std::string& region) {
  if (region.starts_with("cn-")) return "aws-cn";
  return region.starts_with("us-gov-") ? "aws-us-gov" : "aws";
}

}  // namespace

// Describing has no resources that a policy could name; of IAM, all roles are meant.
std::string resource_of(const AccountFacts& facts, const std::string& action) {
  constexpr std::string_view kScheme = "s3://";
  if (!action.starts_with("s3:") || !facts.reports || !facts.reports->starts_with(kScheme)) {
    return "*";
  }
  const std::string place = facts.reports->substr(kScheme.size());
  const std::string arn = fmt::format("arn:{}:s3:::", partition_of(facts.region));
  if (action == "s3:ListBucket") return arn + place.substr(0, place.find('/'));
  return arn + place + (place.ends_with('/') ? "latest/*" : "/latest/*");
}

}  // namespace efa
