#include <dlfcn.h>

#include "probes/cloud/http.h"

namespace efa {

Result<MakeHttp> load_http(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* module = library == nullptr ? nullptr : dlsym(library, kHttpModule);
  if (module == nullptr) return Error{ErrorKind::kInputOutput, "http", dlerror()};
  return MakeHttp(static_cast<const HttpModule*>(module)->make);
}

}  // namespace efa
