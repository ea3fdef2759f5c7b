// Names of files, units and control groups in a redacted recording. What lies below /etc and in the
// directories of systemd, kmod, PAM, sshd and GRUB has the names that a site, its users and
// packages gave it. All of them are replaced but those that our probes ask for by name: a package's
// too, as nothing tells whose a name is. Numbers and endings stay, and the order of the names, by
// which such files are read. In control groups and units the words of systemd, of schedulers and of
// container runtimes stay too.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "agent/pass/pseudonyms.h"

namespace efa {

// What every machine has, and what the EFA installer and Slurm bring; elsewhere directories are a
// site's own.
bool is_known_path(std::string_view path);
// The last part of the path is a name that a site may have given.
bool is_site_path(std::string_view path);
// A name that our probes ask for, in such a directory.
bool is_own_name(std::string_view name);

// "90-bob.conf" -> "90-name-0003.conf", "home-bob.mount" -> "home-name-0003.mount"
std::string redacted_file_name(const std::string& name, Pseudonyms& pseudonyms);
// A whole path, which may have blanks in it.
std::string redacted_path(const std::string& path, Pseudonyms& pseudonyms);
// "/system.slice/trainer-7_slurmstepd.scope/job_7/step_0"
std::string redacted_control_group(const std::string& group, Pseudonyms& pseudonyms);

// The words of the path that are going to be replaced. Those that are known before the first one is
// replaced get their pseudonyms in their own order.
void take_words(const std::string& path, std::set<std::string>& words);

}  // namespace efa
