// A file of a kernel module, taken apart. Interface: elf(5); module-signing.rst of the kernel; the
// section .modinfo, "version=3.1.0g" and such with a zero byte after each.
#pragma once

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

#include "probes/base/result.h"
#include "probes/kernel/facts.h"

namespace efa {

// Whether the bytes are those of a file that is compressed (gzip, xz, zstd).
bool is_compressed(std::string_view bytes);

// Of the bytes of an ELF file, what is kept of it, a line each: "version=3.1.0g",
// "srcversion=8B4C3FB9BF4E5A5A7B0FA1E", "vermagic=6.12.53 SMP mod_unload modversions",
// "supported=external", "signature=yes". "" of any other file.
std::string lines_of_module(std::string_view bytes);
// The same of what was compressed, as it was decompressed; or one of the lines below.
std::string lines_of_packed(const Result<std::string>& bytes);
// A line of a file that is no module; "" is of one of which that does not show.
inline constexpr const char* kIsNone = "module=no\n";
// A line of a file that nothing here can decompress.
inline constexpr const char* kIsPacked = "module=packed\n";
// Nothing where the lines are none of a module.
std::optional<ModuleFile> parse_module_lines(std::string_view lines);

// Of a file that is not there, or is no module, as the kernel would say it.
inline bool is_not_there(const Reading<ModuleFile>& file) {
  return file.unreadable() != nullptr && file.unreadable()->os_error == ENOENT;
}
inline bool is_no_module(const Reading<ModuleFile>& file) {
  return file.unreadable() != nullptr && file.unreadable()->os_error == ENOEXEC;
}

}  // namespace efa
