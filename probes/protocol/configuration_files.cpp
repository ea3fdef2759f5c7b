#include "probes/protocol/configuration_files.h"

#include <cerrno>

namespace efa {
namespace {

// kNotFound when the file does not count.
Result<std::vector<std::string>> lines_of(const Look& look, const std::string& path,
                                          const Sysroot::KeepLine& keep) {
  auto lines = look.root.read_lines(path, keep, Sysroot::kSmallFile);
  if (!lines && look.root.link(path).value_or("").ends_with("/dev/null")) {
    return std::vector<std::string>();
  }
  if (!lines && lines.error().os_error == EISDIR) return system_error(ENOENT, path);
  return lines;
}

}  // namespace

ConfigurationFiles read_configuration_files(const Look& look, const std::string& directories,
                                            const std::function<Sysroot::KeepLine()>& keep) {
  ConfigurationFiles all;
  for (const char* before : {"/etc/", "/run/", "/usr/local/lib/", "/usr/lib/", "/lib/"}) {
    const std::string directory = before + directories;
    const Result<std::vector<std::string>> names = look.root.list(directory);
    if (!names && names.error().kind != ErrorKind::kNotFound) all.unread.push_back(names.error());
    for (const std::string& name : names.value_or({})) {
      const bool counts = name.ends_with(".conf") && !name.starts_with('.');  // not an editor's
      if (!counts || all.by_name.contains(name)) continue;
      const std::string path = directory + "/" + name;
      Result<std::vector<std::string>> lines = lines_of(look, path, keep());
      if (!lines && lines.error().kind == ErrorKind::kNotFound) continue;
      all.by_name.insert({name, {path, std::move(lines)}});
    }
  }
  return all;
}

}  // namespace efa
