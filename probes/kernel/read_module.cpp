// The file of module efa, and whether the kernel has ib_uverbs. That takes time (a file may be
// compressed, modules.dep has a MB), so it is done only where some EFA function has no driver.
// Interface: /proc/bus/pci/devices (drivers/pci/proc.c of the kernel), modules.dep(5).

#include "probes/kernel/read_module.h"

#include <algorithm>
#include <cerrno>

#include "probes/base/decompress.h"
#include "probes/base/module.h"
#include "probes/base/text.h"
#include "probes/kernel/module_file.h"
#include "probes/kernel/parse.h"
#include "probes/kernel/read.h"

namespace efa {
namespace {

constexpr size_t kLargestModule = size_t{32} * 1024 * 1024;  // with debugging information
constexpr size_t kLargestIndex = size_t{16} * 1024 * 1024;   // modules.dep has 1 MiB

// "" when it cannot be done.
std::string decompressed(const Look& look, const std::string& bytes) {
  const auto option = look.options.find("archive-module");
  if (option == look.options.end()) return "";
  const auto module = load_module<DecompressModule>(option->second, kDecompressModule);
  if (!module) return "";
  return (*module)->decompress(bytes, kLargestModule, "module").value_or("");
}

Reading<ModuleFile> read_file(const Look& look, const std::string& path) {
  look.out.doing("read module", path);
  const Result<std::string> lines =
      look.root.read_part(path, kLargestModule, [&](const std::string& bytes) {
        return lines_of_module(is_compressed(bytes) ? decompressed(look, bytes) : bytes);
      });
  if (!lines) return reading_of<ModuleFile>(lines.error());
  const auto file = parse_module_lines(*lines);
  if (!file) return Unseen{path, "could not be taken apart", 0};
  return *file;
}

// By modules.dep and modules.builtin; of `files` "/ib_uverbs.ko". "yes" or "no" is recorded, which
// tells a recording of before this was looked for from "no".
std::optional<bool> has_module(const Look& look, const std::string& directory,
                               std::initializer_list<const char*> files) {
  const auto names_one = [&](const std::string& index) {
    const auto names = [&](const char* file) { return index.find(file) != std::string::npos; };
    return std::any_of(files.begin(), files.end(), names) ? "yes" : "no";
  };
  const auto module = look.root.read_part(directory + "modules.dep", kLargestIndex, names_one);
  if (module && *module == "yes") return true;
  const auto built_in =
      look.root.read_part(directory + "modules.builtin", kLargestIndex, names_one);
  if (built_in && *built_in == "yes") return true;
  if (module && built_in && *module == "no" && *built_in == "no") return false;
  return std::nullopt;
}

}  // namespace

void read_module_on_disk(const Look& look, KernelFacts& facts) {
  if (!facts.release || facts.efa_builtin == true) return;
  const bool of_image = look.options.contains(kInstalledKernel);
  const auto unbound = look.root.read_lines(
      "/proc/bus/pci/devices",
      [](const std::string& line) { return is_unbound_efa_function(line); }, kLargestIndex);
  if (!of_image && unbound && unbound->empty()) return;
  const std::string directory = "/lib/modules/" + *facts.release + "/";
  facts.ib_uverbs_installed = has_module(look, directory, {"/ib_uverbs.ko"});
  if (of_image) {  // Debian's package has another name for it
    facts.nvidia_installed = has_module(look, directory, {"/nvidia.ko", "/nvidia-current.ko"});
  }
  if (!facts.module_file) return;
  const bool absolute = facts.module_file->starts_with('/');
  const std::string path = (absolute ? "" : directory) + *facts.module_file;
  facts.module_on_disk = read_file(look, path);
  const bool seen = facts.module_on_disk || facts.module_on_disk.unreadable() != nullptr;
  if (of_image && !seen) {
    facts.module_on_disk = Unseen{path, "modules.dep names it, and it is not there", ENOENT};
  }
}

std::optional<std::vector<std::string>> read_known_ids(const Look& look,
                                                       const std::string& release) {
  constexpr size_t kLargest = size_t{16} * 1024 * 1024;  // modules.alias has 1 to 3 MiB
  constexpr size_t kMaxIds = 256;
  const auto is_of_efa = [](const std::string& line) { return parse_efa_alias(line).has_value(); };
  const auto lines =
      look.root.read_lines("/lib/modules/" + release + "/modules.alias", is_of_efa, kLargest);
  if (!lines) return std::nullopt;
  std::vector<std::string> ids;
  for (const std::string& line : *lines) {
    const auto id = parse_efa_alias(line);  // a recording may hold other lines
    if (id && ids.size() < kMaxIds) ids.push_back(*id);
  }
  return ids;
}

}  // namespace efa
