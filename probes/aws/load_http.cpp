#include "probes/aws/http.h"
#include "probes/base/module.h"

namespace efa {

Result<MakeHttp> load_http(const std::string& path) {
  const Result<const HttpModule*> module = load_module<HttpModule>(path, kHttpModule);
  if (!module) return module.error();
  return MakeHttp((*module)->make);
}

}  // namespace efa
