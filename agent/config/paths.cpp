#include "agent/config/paths.h"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "agent/log/log.h"
#include "probes/base/files.h"
#include "probes/base/way.h"

namespace efa {
namespace {

// Without asking a directory service, which may not answer.
std::optional<gid_t> group_of_readers() {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/etc/group", "re"), std::fclose);
  while (const group* entry = file ? fgetgrent(file.get()) : nullptr) {
    if (std::string_view(entry->gr_name) == "efa-doctor") return entry->gr_gid;
  }
  return std::nullopt;
}

}  // namespace

std::string find_libexec() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  for (const char* beside : {"libexec/efa-doctor", "../libexec/efa-doctor"}) {
    const std::filesystem::path directory = self.parent_path() / beside;
    if (!std::filesystem::is_directory(directory, error)) continue;
    std::string found = std::filesystem::weakly_canonical(directory, error).string();
    // who can change the agent itself needs no other way
    const std::string why = who_else_changes(self).empty() ? who_else_changes(found) : "";
    if (why.empty()) return found;
    log_error("nothing in {} is run: {}", found, why);
  }
  return "";
}

void make_state_directory(const FilesConfig& files) {
  if (access(files.state_directory.c_str(), F_OK) == 0) return;
  const Result<Fd> directory = open_directory(files.state_directory, /*make=*/true);
  const std::optional<gid_t> readers = group_of_readers();
  if (!directory || geteuid() != 0 || !readers) return;
  constexpr mode_t kHandedOn = 02755;  // the group is that of the files in it
  const bool given = fchown(directory->get(), static_cast<uid_t>(-1), *readers) == 0 &&
                     fchmod(directory->get(), kHandedOn) == 0;
  if (given) return;
  log_warning(
      "{} was recreated, and the group efa-doctor cannot read the reports there: {}; "
      "systemd-tmpfiles --create efa-doctor.conf mends it",
      files.state_directory, std::strerror(errno));
}

std::string state_path(const FilesConfig& files) {
  return files.state_directory + "/state.json";
}
std::string report_path(const FilesConfig& files) {
  return files.state_directory + "/report.json";
}
std::string health_path(const FilesConfig& files) {
  return files.run_directory + "/health.json";
}

}  // namespace efa
