#include "probes/base/module.h"

#include <dlfcn.h>

namespace efa {

Result<const void*> load_symbol(const std::string& path, const char* symbol) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const void* found = library == nullptr ? nullptr : dlsym(library, symbol);
  if (found == nullptr) return Error{ErrorKind::kNotFound, "module", dlerror()};
  return found;
}

}  // namespace efa
