#include "agent/pair/copies.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "agent/pair/fabric_end.h"
#include "agent/run/libfabric_copies.h"
#include "agent/run/libraries.h"
#include "probes/base/text.h"

namespace efa {
namespace {

// Whole, of what the loader would take.
std::string libfabric_of(const Launch& launch) {
  for (const std::string& library : libraries_of(launch)) {
    const std::filesystem::path path(library);
    if (!path.filename().string().starts_with("libfabric.so")) continue;
    std::error_code error;
    const auto whole = std::filesystem::canonical(path, error);
    return error ? library : whole.string();
  }
  return "";
}

}  // namespace

std::vector<std::string> environment_for(const PairCopy& copy) {
  constexpr const char* kChanging[] = {"FI_", "LD_", "RDMAV_"};
  std::vector<std::string> variables;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string variable = *one;
    const bool changes =
        std::any_of(std::begin(kChanging), std::end(kChanging),
                    [&](const char* prefix) { return variable.starts_with(prefix); });
    if (!changes) variables.push_back(variable);
  }
  if (!copy.directory.empty()) variables.push_back("LD_LIBRARY_PATH=" + copy.directory);
  variables.emplace_back("FI_EFA_ENABLE_SHM_TRANSFER=0");  // over the device, not beside it
  // one with PSM would write a file of its own where its process ends: libpsm2, libinfinipath
  variables.emplace_back("HFI_NO_BACKTRACE=1");
  variables.emplace_back("IPATH_NO_BACKTRACE=1");
  return variables;
}

std::vector<PairCopy> list_copies(const PairGround& ground) {
  if (ground.modules.empty()) return {};
  Launch system;
  system.executable = fabric_executable(ground);
  system.environment = environment_for(PairCopy());
  const std::vector<Launch> launches = for_each_libfabric(system);
  const std::vector<std::string> reasons =
      geteuid() == 0 ? why_not_as_root(launches) : std::vector<std::string>(launches.size());
  std::vector<PairCopy> copies;
  std::set<std::string> files;
  for (size_t i = 0; i < launches.size(); ++i) {
    const std::string file = libfabric_of(launches[i]);
    if (file.empty() || !files.insert(file).second) continue;
    const std::string& name = launches[i].name;  // "", ":/opt/amazon/efa/lib64"
    copies.push_back({name.empty() ? "" : name.substr(1), file, reasons[i]});
  }
  return copies;
}

bool is_usable(const std::vector<PairCopy>& copies, int number) {
  return number >= 0 && static_cast<size_t>(number) < copies.size() &&
         copies[static_cast<size_t>(number)].why_not.empty();
}

}  // namespace efa
