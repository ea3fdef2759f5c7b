// The file of module efa, and whether the kernel has ib_uverbs. That takes time (a file may be
// compressed, modules.dep has a MB), so it is done only where some EFA function has no driver.
// Interface: /proc/bus/pci/devices (drivers/pci/proc.c of the kernel), modules.dep(5).

#include "probes/kernel/read_module.h"

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

// "yes" or "no", which tells a recording of before this was looked for from "no".
std::string names_uverbs(const std::string& index) {
  return index.find("/ib_uverbs.ko") != std::string::npos ? "yes" : "no";
}

std::optional<bool> read_uverbs_installed(const Look& look, const std::string& directory) {
  const auto module = look.root.read_part(directory + "modules.dep", kLargestIndex, names_uverbs);
  if (module && *module == "yes") return true;
  const auto built_in =
      look.root.read_part(directory + "modules.builtin", kLargestIndex, names_uverbs);
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
  facts.ib_uverbs_installed = read_uverbs_installed(look, directory);
  if (!facts.module_file) return;
  const bool absolute = facts.module_file->starts_with('/');
  facts.module_on_disk = read_file(look, (absolute ? "" : directory) + *facts.module_file);
}

}  // namespace efa
