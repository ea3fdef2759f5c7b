#include "probes/template/files.h"

#include <filesystem>
#include <system_error>

#include "probes/base/files.h"
#include "probes/base/text.h"
#include "probes/template/document.h"

namespace efa {
namespace {

namespace fs = std::filesystem;
constexpr size_t kMostTemplates = 100;
constexpr int kDeepestAssembly = 3;  // stages of CDK within stages

// "Stack" of "cdk.out/Stack.template.json".
std::string stack_name(const std::string& path) {
  const std::string name = base_name(path);
  return name.substr(0, name.find('.'));
}

Result<NamedTemplate> read_template(const std::string& path) {
  const Result<std::string> text = read_file(path, kLongestPlan);
  if (!text) return text.error();
  Result<Document> document = parse_document(*text, path);
  if (!document) return document.error();
  const bool is_plan = document->kind == DocumentKind::kPlan;
  return NamedTemplate{stack_name(path), path, std::move(document->content), is_plan};
}

// Denied when it lies outside of the folder, by whatever way.
Result<std::string> path_within(const std::string& folder, const std::string& name) {
  std::error_code error;
  const fs::path whole_folder = fs::canonical(folder.empty() ? "." : folder, error);
  if (error) return system_error(error.value(), folder);
  const fs::path path = fs::weakly_canonical(whole_folder / name, error);
  if (error) return system_error(error.value(), name);
  const auto [rest, at] =
      std::mismatch(whole_folder.begin(), whole_folder.end(), path.begin(), path.end());
  if (rest != whole_folder.end()) {
    return Error{ErrorKind::kDenied, name, "lies outside of the folder of its template"};
  }
  return path.string();
}

Result<Done> add_assembly(const std::string& folder, int depth, std::vector<NamedTemplate>& all);

Result<Done> add_artifact(const std::string& folder, const Value& artifact, int depth,
                          std::vector<NamedTemplate>& all) {
  const Value* properties = artifact.find("properties");
  if (properties == nullptr) return Done{};
  const std::string type = artifact.text("type");
  const bool is_stack = type == "aws:cloudformation:stack";
  if (!is_stack && type != "cdk:cloud-assembly") return Done{};
  const Result<std::string> path =
      path_within(folder, properties->text(is_stack ? "templateFile" : "directoryName"));
  if (!path) return path.error();
  if (!is_stack) return add_assembly(*path, depth + 1, all);
  if (all.size() >= kMostTemplates) return malformed(folder, "has more than 100 stacks");
  Result<NamedTemplate> read = read_template(*path);
  if (!read) return read.error();
  all.push_back(std::move(*read));
  return Done{};
}

Result<Done> add_assembly(const std::string& folder, int depth, std::vector<NamedTemplate>& all) {
  const std::string file = folder + "/manifest.json";
  if (depth > kDeepestAssembly) return malformed(file, "is nested too deeply");
  const Result<std::string> text = read_file(file, kLongestTemplate);
  if (!text) return text.error();
  const Result<Value> manifest = parse_json(*text, file);
  if (!manifest) return manifest.error();
  const Value* artifacts = manifest->find("artifacts");
  const auto* members = artifacts == nullptr ? nullptr : artifacts->as<Object>();
  if (members == nullptr) return malformed(file, "names no artifacts of CDK");
  for (const auto& [name, artifact] : *members) {
    if (const Result<Done> added = add_artifact(folder, artifact, depth, all); !added) {
      return added.error();
    }
  }
  return Done{};
}

}  // namespace

Result<std::vector<NamedTemplate>> read_named_templates(const std::vector<std::string>& paths) {
  std::vector<NamedTemplate> all;
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      if (const Result<Done> added = add_assembly(path, 0, all); !added) return added.error();
      continue;
    }
    Result<NamedTemplate> read = read_template(path);
    if (!read) return read.error();
    all.push_back(std::move(*read));
  }
  if (all.empty())
    return malformed("the template", "is named by no file, or CDK's folder has none");
  if (all.size() > kMostTemplates) return malformed("the templates", "are more than 100");
  return all;
}

Result<NamedTemplate> read_template_beside(const std::string& parent, const std::string& name) {
  const Result<std::string> path = path_within(fs::path(parent).parent_path().string(), name);
  if (!path) return path.error();
  return read_template(*path);
}

}  // namespace efa
