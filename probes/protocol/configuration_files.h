// The files of modprobe.d, modules-load.d and sysctl.d, which kmod and systemd read alike: by name,
// whatever directory they are in; of files of one name the first directory's counts; one that is a
// link to /dev/null is empty, on purpose.
// Interface: modprobe.d(5), modules-load.d(5), sysctl.d(5).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "probes/protocol/probe_main.h"

namespace efa {

struct ConfigurationFile {
  std::string path;
  Result<std::vector<std::string>> lines;
};

struct ConfigurationFiles {
  std::map<std::string, ConfigurationFile> by_name;
  std::vector<Error> unread;  // directories
};

// `directories`: "modprobe.d". `keep` begins anew with each file; a recording may hold lines that
// it does not want.
ConfigurationFiles read_configuration_files(const Look& look, const std::string& directories,
                                            const std::function<Sysroot::KeepLine()>& keep);

}  // namespace efa
