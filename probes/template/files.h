// The files of templates: one, or a folder that CDK wrote (cdk.out: its manifest.json names the
// template of each stack; AWS CDK, "Cloud assembly"), and those beside it that nested stacks name.
#pragma once

#include <string>
#include <vector>

#include "probes/base/result.h"
#include "probes/template/reading.h"

namespace efa {

Result<std::vector<NamedTemplate>> read_named_templates(const std::vector<std::string>& paths);
// `name` is that of a file in the folder of `parent` or below it; what lies elsewhere is denied.
Result<NamedTemplate> read_template_beside(const std::string& parent, const std::string& name);

}  // namespace efa
