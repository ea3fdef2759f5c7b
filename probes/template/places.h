// Where the nodes of a template will be: zones and VPCs of subnets (AWS::EC2::Subnet). Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "probes/template/stack.h"

namespace efa {

class TemplatePlaces {
 public:
  explicit TemplatePlaces(const std::vector<TemplateResource>& resources);

  // A symbol of the subnet where the template does not say it: one subnet has one zone and VPC.
  [[nodiscard]] Term zone_of(const Term& subnet) const;
  [[nodiscard]] Term vpc_of(const Term& subnet) const;

 private:
  [[nodiscard]] Term value_of(const Term& subnet, const char* property, const char* words) const;

  std::map<std::string, const TemplateResource*> subnets_;
};

// Of Fn::GetAZs no two are the same.
Sameness compare_zones(const Term& a, const Term& b);
// Each once; nothing when it is not known whether two of them are the same.
std::vector<Term> distinct_zones(const std::vector<Term>& zones);

}  // namespace efa
