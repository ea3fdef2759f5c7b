// make-manual DIRECTORY: writes what a package installs beside the programs. Run by the build.

#include <cstdio>

#include "agent/cli/completion.h"
#include "agent/cli/manual.h"
#include "probes/base/files.h"

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  const std::string directory = argv[1];
  const std::pair<const char*, std::string> files[] = {
      {"efa-doctor.1", efa::program_page()},       {"efa-doctor.toml.5", efa::configuration_page()},
      {"efa-doctor.bash", efa::bash_completion()}, {"efa-doctor.zsh", efa::zsh_completion()},
      {"efa-doctor.fish", efa::fish_completion()}, {"config.toml", efa::default_configuration()},
  };
  for (const auto& [name, text] : files) {
    const auto written = efa::write_file(directory + "/" + name, text, 0644);
    if (!written) {
      std::fprintf(stderr, "make-manual: %s\n", efa::message_of(written.error()).c_str());
      return 1;
    }
  }
  return 0;
}
