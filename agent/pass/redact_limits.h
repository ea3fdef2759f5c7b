// What gives a login or a job its limits, in a redacted recording: of each line and file only what
// probe-limits takes of it, with pseudonyms for users, groups and files.
#pragma once

#include <string>

#include "agent/pass/pseudonyms.h"

namespace efa {

// "alice", "@physics", "%physics": the mark stays; so do "*", root and ranges of ids.
std::string redacted_limits_domain(const std::string& domain, Pseudonyms& pseudonyms);
// "/etc/security/limits.d/90-bob.conf: bob hard memlock 64"
std::string redacted_configured(const std::string& configured, Pseudonyms& pseudonyms);
// A line of limits.conf, sshd_config or a PAM stack, by the path that it is from or by its form.
std::string redacted_session_line(const std::string& path, const std::string& line,
                                  Pseudonyms& pseudonyms);
// daemon.json, of which only default-ulimits.memlock is kept.
std::string redacted_docker(const std::string& json);
// /proc/<pid>/cgroup
std::string redacted_control_groups(const std::string& text, Pseudonyms& pseudonyms);
// /proc/self/mountinfo: what is mounted where, whether it is read-only, and which container it
// shows.
std::string redacted_mount(const std::string& line, Pseudonyms& pseudonyms);

}  // namespace efa
