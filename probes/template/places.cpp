#include "probes/template/places.h"

#include <algorithm>

namespace efa {
namespace {

// Of "item 0 of GetAZs of us-east-1" what follows the number; "" when it is none.
std::string list_of_zone(const Term& zone) {
  const size_t of = zone.text.find(" of ");
  const bool is_item = zone.is_symbol() && zone.text.starts_with("item ") &&
                       of != std::string::npos && zone.text.substr(of).starts_with(" of GetAZs");
  return is_item ? zone.text.substr(of) : "";
}

}  // namespace

TemplatePlaces::TemplatePlaces(const std::vector<TemplateResource>& resources) {
  for (const TemplateResource& one : resources) {
    if (one.type == "AWS::EC2::Subnet") subnets_.emplace(one.id, &one);
  }
}

Term TemplatePlaces::value_of(const Term& subnet, const char* property, const char* words) const {
  if (!subnet.is_named()) return subnet.is_unknown() ? subnet : Term{};
  const auto found = subnets_.find(subnet.resource);
  if (found != subnets_.end()) {
    Term value = found->second->properties.at(property);
    if (value.is_named()) return value;
  }
  return Term::symbol(words + subnet.text);
}

Term TemplatePlaces::zone_of(const Term& subnet) const {
  return value_of(subnet, "AvailabilityZone", "the zone of ");
}

Term TemplatePlaces::vpc_of(const Term& subnet) const {
  return value_of(subnet, "VpcId", "the VPC of ");
}

Sameness compare_zones(const Term& a, const Term& b) {
  const Sameness sameness = compare(a, b);
  const std::string list = list_of_zone(a);
  const bool of_one_list = !list.empty() && list == list_of_zone(b);
  return sameness == Sameness::kUnknown && of_one_list ? Sameness::kDifferent : sameness;
}

std::vector<Term> distinct_zones(const std::vector<Term>& zones) {
  std::vector<Term> distinct;
  for (const Term& zone : zones) {
    bool is_new = true;
    for (const Term& other : distinct) {
      const Sameness sameness = compare_zones(zone, other);
      if (sameness == Sameness::kUnknown) return {};
      is_new = is_new && sameness == Sameness::kDifferent;
    }
    if (!zone.is_named()) return {};
    if (is_new) distinct.push_back(zone);
  }
  return distinct;
}

}  // namespace efa
