// A machine of which one thing is changed, and what efa-doctor says of it: of tests/nodes as the
// built program sees its files, or the healthy node as its probes would have seen it live.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <tuple>

#include "tests/support/agent_run.h"
#include "tests/support/healthy_node.h"

namespace efa {

// How a machine of tests/nodes is changed: its description, then its files.
using Shape = std::function<void(SyntheticNode&)>;
using Files = std::function<void(const Tree&)>;
std::function<Value()> machine(const char* like, const Shape& shape, const Files& files = {});

void as_it_is(SyntheticNode& node);
void unbind(SyntheticNode& node);  // no driver has taken the EFA devices
void attach(SyntheticNode& node, const std::string& at, const char* id, const char* class_code);
void log_lines(const Tree& tree, const std::string& lines);  // all that the kernel's log holds

// The healthy node, with libraries, counters and metadata that were asked.
std::function<Value()> live_machine(const std::function<void(Scene&)>& change);

using Fault = std::tuple<std::string, std::string, std::string>;  // code, severity, actor

// What was said of one machine: of what failed and nothing explains.
struct Said {
  std::string verdict;
  std::set<Fault> faults;
  std::set<std::string> causes;  // root causes: what is above info and nothing explains
  std::string words;             // of the summary and of all that failed
  std::string advice;            // of the faults
};

Said said_of(const Value& report);

}  // namespace efa
