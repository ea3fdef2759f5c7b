// The tree of DKMS. Interface: dkms(8);
// /var/lib/dkms/efa/<version>/<kernel release>/<architecture>/module/, and beside the releases
// build/make.log, which is left by a build that ended badly.

#include "probes/kernel/read_dkms.h"

#include <algorithm>

#include "probes/kernel/parse.h"

namespace efa {
namespace {

constexpr size_t kMaxBuilds = 256;
constexpr size_t kLargestLog = size_t{8} * 1024 * 1024;

// The kernel for which the version was built last, when that ended badly.
std::optional<std::string> failed_build(const Look& look, const std::string& version) {
  const auto heads = look.root.read_lines(
      version + "/build/make.log",
      [](const std::string& line) { return parse_make_log(line).has_value(); }, kLargestLog);
  return heads && !heads->empty() ? parse_make_log(heads->front()) : std::nullopt;
}

void read_version(const Look& look, const std::string& name, const std::string& path,
                  const std::vector<std::string>& kernels, KernelFacts& facts) {
  for (const std::string& kernel : kernels) {
    if (kernel == "build" || kernel == "source") continue;
    if (facts.dkms.size() < kMaxBuilds) facts.dkms.push_back(name + " for " + kernel);
  }
  if (std::find(kernels.begin(), kernels.end(), "build") == kernels.end()) return;
  const auto failed = failed_build(look, path);
  const bool built = failed && std::find(kernels.begin(), kernels.end(), *failed) != kernels.end();
  if (failed && !built && facts.dkms_failed.size() < kMaxBuilds) {
    facts.dkms_failed.push_back(name + " for " + *failed);
  }
}

}  // namespace

void read_dkms(const Look& look, KernelFacts& facts) {
  for (const char* module : {"efa", "efa-nv-peermem"}) {
    const std::string tree = std::string("/var/lib/dkms/") + module;
    for (const std::string& version : look.root.list(tree).value_or({})) {
      const std::string path = tree + "/" + version;
      const auto kernels = look.root.list(path);
      if (version.starts_with("kernel-") || !kernels) continue;
      read_version(look, std::string(module) + "/" + version, path, *kernels, facts);
    }
  }
}

}  // namespace efa
