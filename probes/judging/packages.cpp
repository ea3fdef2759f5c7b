#include "probes/judging/packages.h"

namespace efa {
namespace {

struct System {
  const char* name;  // in its PRETTY_NAME
  PackageTool tool;
};
// The first that fits holds. Amazon Linux 2022 and 2023 have dnf, those before them do not.
constexpr System kSystems[] = {
    {"Bottlerocket", PackageTool::kNone}, {"Ubuntu", PackageTool::kApt},
    {"Debian", PackageTool::kApt},        {"SUSE", PackageTool::kZypper},
    {"SLES", PackageTool::kZypper},       {"Amazon Linux 20", PackageTool::kDnf},
    {"Amazon Linux", PackageTool::kYum},  {"Fedora", PackageTool::kDnf},
    {"Red Hat", PackageTool::kDnf},       {"Rocky", PackageTool::kDnf},
    {"AlmaLinux", PackageTool::kDnf},     {"CentOS", PackageTool::kDnf},
    {"Oracle Linux", PackageTool::kDnf},
};

bool has(const std::string& text, const char* word) {
  return text.find(word) != std::string::npos;
}

}  // namespace

PackageTool package_tool_of(const std::string& os) {
  for (const System& system : kSystems) {
    if (!has(os, system.name)) continue;
    const bool before_dnf = system.tool == PackageTool::kDnf && has(os, " 7");  // "CentOS Linux 7"
    return before_dnf ? PackageTool::kYum : system.tool;
  }
  return PackageTool::kNone;
}

std::string add_command(const std::string& os, const std::string& package) {
  switch (package_tool_of(os)) {
    case PackageTool::kApt:
      return "sudo apt-get install -y " + package;
    case PackageTool::kDnf:
      return "sudo dnf -y install " + package;
    case PackageTool::kYum:
      return "sudo yum -y install " + package;
    case PackageTool::kZypper:
      return "sudo zypper --non-interactive install " + package;
    case PackageTool::kNone:
      break;
  }
  return "";
}

std::string remove_command(const std::string& os, const std::string& package) {
  switch (package_tool_of(os)) {
    case PackageTool::kApt:
      return "sudo apt-get purge -y " + package;
    case PackageTool::kDnf:
    case PackageTool::kYum:
    case PackageTool::kZypper:
      return "sudo rpm -e " + package;
    case PackageTool::kNone:
      break;
  }
  return "";
}

}  // namespace efa
