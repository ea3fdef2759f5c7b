// What a template launches: instances, Auto Scaling groups, node groups of EKS, compute
// environments of Batch, fleets; each with the launch template that it uses, and launch templates
// that nothing in the template uses. Pure.
#pragma once

#include <string>
#include <vector>

#include "probes/template/stack.h"

namespace efa {

// Nodes that are alike: members in the form of AWS::EC2::LaunchTemplate's LaunchTemplateData.
struct TemplateLaunch {
  std::string id;           // of the resource that launches
  std::string may_miss;     // a condition of which it is not known whether it holds
  Term data;                // a map; unknown when the launch template is not here
  std::vector<Term> types;  // of which any is launched; empty: that of the data
  Term subnets;             // of all nodes together; interfaces may name theirs
  Term zones;
  Term role;            // without a profile of its own
  Term usual_groups;    // of interfaces that name none; nothing: the VPC's
  bool is_used = true;  // by something in the template
};

std::vector<TemplateLaunch> launches_of(const std::vector<TemplateResource>& resources,
                                        TemplateNotes& notes);

}  // namespace efa
