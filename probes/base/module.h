// Parts that come with many libraries lie in modules of their own, which are loaded where they
// work: a symbol of each has what it gives. Interface: dlopen(3).
#pragma once

#include <string>

#include "probes/base/result.h"

namespace efa {

// It stays loaded. The error's words are the loader's, which name the file.
Result<const void*> load_symbol(const std::string& path, const char* symbol);

template <class Module>
Result<const Module*> load_module(const std::string& path, const char* symbol) {
  const Result<const void*> found = load_symbol(path, symbol);
  if (!found) return found.error();
  return static_cast<const Module*>(*found);
}

}  // namespace efa
