// The file of module efa, and whether the kernel has ib_uverbs. That takes time (a file may be
// compressed, modules.dep has a MB), so it is done only where some EFA function has no driver.
// Interface: /proc/bus/pci/devices (drivers/pci/proc.c of the kernel), modules.dep(5).

#include "probes/kernel/read_module.h"

#include <algorithm>
#include <cerrno>

#include "probes/base/decompress.h"
#include "probes/base/module.h"
#include "probes/base/text.h"
#include "probes/kernel/find_module.h"
#include "probes/kernel/module_file.h"
#include "probes/kernel/parse.h"
#include "probes/kernel/read.h"

namespace efa {
namespace {

constexpr size_t kLargestModule = size_t{32} * 1024 * 1024;  // with debugging information
constexpr size_t kLargestIndex = size_t{16} * 1024 * 1024;   // modules.dep has 1 MiB

std::string lines_of_compressed(const Look& look, const std::string& bytes) {
  const auto option = look.options.find("archive-module");
  if (option == look.options.end()) return kIsPacked;
  const auto module = load_module<DecompressModule>(option->second, kDecompressModule);
  if (!module) return lines_of_packed(module.error());
  return lines_of_packed((*module)->decompress(bytes, kLargestModule, "module"));
}

std::string lines_of_file(const Look& look, const std::string& bytes) {
  if (is_compressed(bytes)) return lines_of_compressed(look, bytes);
  const std::string lines = lines_of_module(bytes);
  const bool whole = bytes.size() < kLargestModule;
  return lines.empty() && whole ? kIsNone : lines;
}

Reading<ModuleFile> read_file(const Look& look, const std::string& path) {
  look.out.doing("read module", path);
  const Result<std::string> lines = look.root.read_part(
      path, kLargestModule, [&](const std::string& bytes) { return lines_of_file(look, bytes); });
  const int error = lines ? 0 : lines.error().os_error;
  if (error == EISDIR || error == EINVAL) return Unseen{path, "is no regular file", ENOEXEC};
  if (!lines) return reading_of<ModuleFile>(lines.error());
  if (*lines == kIsNone) return Unseen{path, "is empty, cut short or damaged", ENOEXEC};
  if (*lines == kIsPacked) {
    return Unseen{path, "is compressed, and nothing here can decompress it", 0};
  }
  const auto file = parse_module_lines(*lines);
  if (!file) return Unseen{path, "could not be taken apart", 0};
  return *file;
}

// Of the file that modprobe takes.
void read_listed(const Look& look, const std::string& directory, KernelFacts& facts) {
  const bool absolute = facts.module_file->starts_with('/');
  const std::string path = (absolute ? "" : directory) + *facts.module_file;
  facts.module_on_disk = read_file(look, path);
  const bool seen = facts.module_on_disk || facts.module_on_disk.unreadable() != nullptr;
  if (seen || facts.efa_loaded == true) return;
  const bool of_image = look.options.contains(kInstalledKernel);  // of which all is there
  if (of_image || is_gone(look, *facts.release, path)) {
    facts.module_on_disk = Unseen{path, "modules.dep names it, and it is not there", ENOENT};
  }
}

// The first that lies there, be it closed to us, and that modprobe does not know of.
void read_unlisted(const Look& look, const std::string& directory, KernelFacts& facts) {
  for (const std::string& file : find_module_files(look, *facts.release)) {
    if (file == facts.module_file) continue;
    const Reading<ModuleFile> read = read_file(look, directory + file);
    const bool closed = read.unreadable() != nullptr && !is_no_module(read);
    if (!read && !closed) continue;
    facts.unlisted_file = file;
    return;
  }
}

// By modules.dep and modules.builtin; of `files` "/ib_uverbs.ko". "yes" or "no" is recorded, which
// tells a recording of before this was looked for from "no".
Reading<bool> has_module(const Look& look, const std::string& directory,
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
  for (const auto* index : {&module, &built_in}) {
    if (!*index && index->error().kind != ErrorKind::kNotFound) {
      return reading_of<bool>(index->error());
    }
  }
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
    const auto nvidia = has_module(look, directory, {"/nvidia.ko", "/nvidia-current.ko"});
    if (nvidia) facts.nvidia_installed = *nvidia;
  }
  if (facts.module_file) read_listed(look, directory, facts);
  if (facts.efa_loaded == true) return;
  if (facts.module_index_readable != true) read_lost_modules(look, facts);
  const bool searched = facts.module_index_readable == true || facts.module_index_missing;
  const bool listed = facts.module_file && !is_not_there(facts.module_on_disk);
  if (searched && !listed) read_unlisted(look, directory, facts);
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
