#include "probes/template/document.h"

#include "probes/base/text.h"
#include "probes/template/yaml.h"

namespace efa {
namespace {

constexpr size_t kMostEntries = 5000;  // of a section: CloudFormation takes 500 resources

Error refusal(const Value& content, const std::string& where) {
  if (content.find("HeadNode") != nullptr || content.find("Scheduling") != nullptr) {
    return malformed(where, "is a configuration of ParallelCluster, no CloudFormation template");
  }
  if (content.find("terraform_version") != nullptr) {
    return malformed(where, "is a state of Terraform, no plan (terraform show -json PLAN)");
  }
  return malformed(where, "is no CloudFormation template: it has no Resources");
}

Result<Done> check_sections(const Value& content, const std::string& where) {
  for (const char* name : {"Resources", "Parameters", "Conditions", "Mappings", "Outputs"}) {
    const Value* section = content.find(name);
    if (section == nullptr || section->is_null()) continue;
    const auto* members = section->as<Object>();
    if (members == nullptr) return malformed(where, std::string(name) + " is no map");
    if (members->size() > kMostEntries) {
      return malformed(where, std::string(name) + " has more than 5,000 entries");
    }
  }
  return Done{};
}

}  // namespace

Result<Document> parse_document(const std::string& text, const std::string& where) {
  if (trim(text).empty()) return malformed(where, "is empty");
  const bool is_json = trim(text).starts_with("{");
  const Error too_large{ErrorKind::kTooLarge, where, "is larger than 4 MiB"};
  if (!is_json && text.size() > kLongestTemplate) return too_large;
  Result<Value> content = is_json ? parse_json(text, where) : parse_yaml(text, where);
  if (!content) return content.error();
  if (content->as<Object>() == nullptr) {
    return malformed(where, "is no CloudFormation template: it is no map");
  }
  const bool plan =
      content->find("resource_changes") != nullptr || content->find("planned_values") != nullptr;
  if (plan) return Document{DocumentKind::kPlan, std::move(*content)};
  if (text.size() > kLongestTemplate) return too_large;
  const Value* resources = content->find("Resources");
  if (resources == nullptr || resources->as<Object>() == nullptr) {
    return refusal(*content, where);
  }
  if (const Result<Done> checked = check_sections(*content, where); !checked) {
    return checked.error();
  }
  return Document{DocumentKind::kCloudFormation, std::move(*content)};
}

}  // namespace efa
