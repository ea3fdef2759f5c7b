#include "probes/kernel/find_module.h"

#include <algorithm>
#include <set>

#include "probes/base/text.h"
#include "probes/kernel/parse.h"

namespace efa {
namespace {

constexpr const char* kModuleFolders = "/lib/modules";
constexpr size_t kMaxNames = 4096;   // of a folder of modules
constexpr size_t kMaxFolders = 128;  // looked into; extra/ and updates/ have a few
constexpr size_t kMaxFiles = 8;      // a kernel has one, or its own and another
constexpr size_t kLongest = 1024;    // of a path in modules.dep, which has some 60 letters
constexpr int kDepth = 2;            // below those; weak-updates/extra/efa/
constexpr size_t kMaxKernels = 32;

std::string folder_of(const std::string& release) {
  return std::string(kModuleFolders) + "/" + release;
}

// One search through a kernel's folder, with what it met.
struct Search {
  const Look& look;
  std::string modules;
  std::set<std::string> folders;
  std::vector<std::string> files;
};

void search(Search& all, const std::string& folder, int depth) {
  if (all.folders.size() == kMaxFolders || !all.folders.insert(folder).second) return;
  for (const std::string& name :
       all.look.root.list(all.modules + "/" + folder, kMaxNames).value_or({})) {
    const std::string path = folder + "/" + name;
    if (parse_efa_module(name)) {
      if (all.files.size() < kMaxFiles) all.files.push_back(path);
    } else if (depth > 0 && name.find(".ko") == std::string::npos) {
      search(all, path, depth - 1);
    }
  }
}

bool holds_modules(const Look& look, const std::string& release) {
  return is_one_of("kernel", look.root.list(folder_of(release)).value_or({}));
}

// One that could run instead: what DKMS leaves of a removed kernel has no modules.dep.
bool has_another_kernel(const Look& look, const std::vector<std::string>& kernels,
                        const std::string& release) {
  size_t left = kMaxKernels;
  return std::any_of(kernels.begin(), kernels.end(), [&](const std::string& kernel) {
    if (kernel == release || left == 0) return false;
    --left;
    return look.root.exists(folder_of(kernel) + "/modules.dep");
  });
}

}  // namespace

std::vector<std::string> find_module_files(const Look& look, const std::string& release) {
  Search all{look, folder_of(release), {}, {}};
  // each by its own name too: a recording may have no list of what it lies in
  for (const char* folder : {"updates", "updates/dkms", "updates/efa", "extra", "extra/efa"}) {
    search(all, folder, kDepth);
  }
  for (const char* folder : {"kernel/drivers/amazon/net/efa", "kernel/drivers/infiniband/hw/efa"}) {
    search(all, folder, 0);
  }
  for (const char* folder : {"weak-updates", "weak-updates/efa"}) search(all, folder, kDepth);
  return all.files;
}

bool is_gone(const Look& look, const std::string& release, const std::string& path) {
  const std::string modules = folder_of(release);
  if (!path.starts_with(modules + "/") || path.size() > kLongest) return false;
  if (!look.root.live() && !holds_modules(look, release)) return false;
  for (std::string at = path; at != modules;) {
    const std::string folder = at.substr(0, at.rfind('/'));
    const auto names = look.root.list(folder);
    if (names) return !is_one_of(base_name(at), *names) || look.root.link(at).ok();
    if (names.error().kind != ErrorKind::kNotFound) return false;
    at = folder;
  }
  return false;
}

void read_lost_modules(const Look& look, KernelFacts& facts) {
  if (!facts.release) return;
  const auto kernels = look.root.list(kModuleFolders);
  if (!kernels) return;
  const auto own = look.root.list(folder_of(*facts.release));
  if (!own && is_one_of(*facts.release, *kernels)) return;  // it is there, and closed
  const std::vector<std::string> names = own.value_or({});
  const auto has = [&](const char* name) { return is_one_of(name, names); };
  const bool indexed = has("modules.dep") || has("modules.dep.bin");
  // modules.builtin comes with the kernel, modules.dep is depmod's
  const bool owned = has("kernel") || has("modules.builtin");
  facts.module_index_missing = has("kernel") && !indexed;
  facts.modules_removed = !indexed && !owned && has_another_kernel(look, *kernels, *facts.release);
}

}  // namespace efa
