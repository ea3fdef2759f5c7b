// What gzip, xz or zstd made smaller. The libraries for that lie in a module that is loaded where
// it works (probes/base/module.h): archive.so beside the probes.
#pragma once

#include <string>

#include "probes/base/result.h"

namespace efa {

// What the module has, under its one name. More than `limit` bytes are refused (kTooLarge). Only
// kMalformed says that the bytes are damaged: kNotFound, that nothing here can decompress them.
struct DecompressModule {
  Result<std::string> (*decompress)(const std::string& packed, size_t limit,
                                    const std::string& where);
};
constexpr const char* kDecompressModule = "efa_doctor_decompress";

}  // namespace efa
