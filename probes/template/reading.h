// Templates of CloudFormation as the facts of account.h: what AWS's API would tell of the nodes
// that they launch, as far as that is known before. Pure: files are given.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "probes/account/facts.h"
#include "probes/base/value.h"
#include "probes/template/stack.h"

namespace efa {

struct NamedTemplate {
  std::string name;  // of its stack
  std::string file;
  Value content;
  bool is_plan = false;  // of Terraform
};

struct TemplateQuestion {
  std::vector<NamedTemplate> templates;
  std::map<std::string, std::string> parameters;
  int64_t asked_ms = 0;  // Unix time: when capacity ends is measured from it
};

// The content of the file that a nested stack names, beside `parent`; else why not.
using ReadBeside =
    std::function<Result<NamedTemplate>(const std::string& parent, const std::string& name)>;

AccountFacts facts_of(const TemplateQuestion& question, const ReadBeside& read_beside);
// Nothing could be read: why.
AccountFacts unread_templates(const std::string& why);

}  // namespace efa
