// Resources that need each other in a circle: CloudFormation cannot make any of them first. Pure.
#pragma once

#include <vector>

#include "probes/template/stack.h"

namespace efa {

std::vector<TemplateFault> circles_in(const std::vector<TemplateResource>& resources);

}  // namespace efa
