// What is said of templates: read from texts or files, judged as a fleet is.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "probes/account/facts.h"
#include "probes/judging/check.h"
#include "probes/template/reading.h"

namespace efa {

struct TemplateFiles {
  std::vector<std::string> paths;
  std::map<std::string, std::string> parameters = {};
  std::set<std::string> without = {};  // names of files that are not there
};

AccountFacts facts_of_files(const TemplateFiles& files);
// YAML or JSON; its nested stacks are files of `beside`, by name.
AccountFacts facts_of_text(const std::string& text,
                           const std::map<std::string, std::string>& parameters = {},
                           const std::map<std::string, std::string>& beside = {});

std::vector<Finding> judged_template(const AccountFacts& facts);
// All codes that can be among them.
std::set<std::string> codes_of_templates();
// As of a fleet: 0 healthy, 1 degraded, 2 unhealthy, 3 unknown.
int exit_of(const std::vector<Finding>& findings);

}  // namespace efa
