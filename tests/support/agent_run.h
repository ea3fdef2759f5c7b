// The built efa-doctor as its users start it: a process with arguments, an exit code and output.
#pragma once

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "probes/base/value.h"
#include "tests/support/synthetic_node.h"
#include "tests/support/temporary_directory.h"

namespace efa {

struct AgentRun {
  int exit_code = -1;  // 128 and the signal when one ended it
  std::string out;
  int64_t duration_ms = 0;
};

AgentRun run_agent(const std::vector<std::string>& arguments);
// --once --sysroot DIRECTORY --format json --no-deliver, and more
AgentRun look_at_sysroot(const std::string& directory, const std::vector<std::string>& more = {});

// The same look as people read it.
std::string text_of_sysroot(const std::string& directory,
                            const std::vector<std::string>& more = {});

// tests/nodes/<name>/<file>
std::string node_file(const std::string& name, const std::string& file);
SyntheticNode synthetic_node(const std::string& name);

// What a finding says, without its words.
using Claim = std::tuple<std::string, std::string, std::string>;  // code, result, subject

std::set<Claim> claims_of(const Value& report);
std::vector<std::string> root_causes_of(const Value& report);

}  // namespace efa
