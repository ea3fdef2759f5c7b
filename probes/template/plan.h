// A plan of Terraform (terraform show -json PLAN; Terraform, "JSON Output Format", format 1.x) as
// the resources of a template. What is made when it is applied is known by what the configuration
// refers to: equal references in one module are one thing. Pure.
#pragma once

#include <vector>

#include "probes/base/result.h"
#include "probes/base/value.h"
#include "probes/template/stack.h"

namespace efa {

Result<std::vector<TemplateResource>> resources_of_plan(const Value& plan, TemplateNotes& notes);

}  // namespace efa
