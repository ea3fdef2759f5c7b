// With which command a system installs and removes packages: the one place that tells systems
// apart for that. By PRETTY_NAME of os-release(5).
#pragma once

#include <string>

namespace efa {

enum class PackageTool {
  kNone,  // the system has no packages, or is not known
  kApt,
  kDnf,
  kYum,  // of systems that have no dnf
  kZypper
};

PackageTool package_tool_of(const std::string& os);
// "sudo apt-get install -y NAME"; "" where there is no such command.
std::string add_command(const std::string& os, const std::string& package);
// "sudo apt-get purge -y NAME", with its configuration files; "" where there is no such command.
std::string remove_command(const std::string& os, const std::string& package);

}  // namespace efa
