#include "tests/support/agent_run.h"

#include <gtest/gtest.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "probes/base/describe.h"

namespace efa {
namespace {

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> array;
  array.reserve(strings.size() + 1);
  for (std::string& string : strings) array.push_back(string.data());
  array.push_back(nullptr);
  return array;
}

std::string read_all(int fd) {
  std::string text;
  char buffer[65536];
  ssize_t count = 0;
  while ((count = ::read(fd, buffer, sizeof buffer)) > 0) {
    text.append(buffer, static_cast<size_t>(count));
  }
  return text;
}

}  // namespace

AgentRun run_agent(const std::vector<std::string>& arguments) {
  std::vector<std::string> strings{EFA_DOCTOR};
  strings.insert(strings.end(), arguments.begin(), arguments.end());
  const std::vector<char*> argv = pointers(strings);
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  const auto start = std::chrono::steady_clock::now();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  pid_t pid = -1;  // not fork: that would copy the page tables of a sanitized process
  if (posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ) != 0) std::abort();
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  AgentRun run;
  run.out = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  run.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                        std::chrono::steady_clock::now() - start)
                        .count();
  return run;
}

AgentRun look_at_sysroot(const std::string& directory, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"--once",   "--sysroot", directory,
                                     "--format", "json",      "--no-deliver"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_agent(arguments);
}

std::string text_of_sysroot(const std::string& directory, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"--once", "--sysroot", directory, "--no-deliver"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_agent(arguments).out;
}

std::string node_file(const std::string& name, const std::string& file) {
  return std::string(TEST_NODES) + "/" + name + "/" + file;
}

SyntheticNode synthetic_node(const std::string& name) {
  Result<SyntheticNode> node = read_synthetic_node(node_file(name, "node.json"));
  EXPECT_TRUE(node.ok()) << (node ? "" : message_of(node.error()));
  return node ? *node : SyntheticNode{};
}

std::set<Claim> claims_of(const Value& report) {
  std::set<Claim> claims;
  const Value* findings = report.find("findings");
  const Array* array = findings == nullptr ? nullptr : findings->as<Array>();
  if (array == nullptr) return claims;
  for (const Value& finding : *array) {
    claims.emplace(finding.text("code"), finding.text("result"), finding.text("subject"));
  }
  return claims;
}

std::vector<std::string> root_causes_of(const Value& report) {
  const Value* causes = report.find("root_causes");
  if (causes == nullptr) return {};
  return from_value<std::vector<std::string>>(*causes, "root_causes").value_or({});
}

}  // namespace efa
