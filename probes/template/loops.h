// Loops of templates, written out: {"Fn::ForEach::NAME": [identifier, collection, fragment]} stands
// for the members of the fragment once for each item. Interface: CloudFormation Template Reference,
// "Fn::ForEach", of the transform AWS::LanguageExtensions: "${X}" in keys and texts and {Ref: X}
// are the item, "&{X}" its letters and digits; a collection is a list or the Ref of a parameter of
// type CommaDelimitedList.
#pragma once

#include <functional>
#include <string>

#include "probes/base/value.h"
#include "probes/template/term.h"

namespace efa {

// What loops of all stacks together may make: CloudFormation's quotas are of the result.
struct LoopBudget {
  size_t values = 200'000;
  size_t bytes = size_t{4} * 1024 * 1024;
};

// What the parameter of that name is: a text, a list; else unknown, with the reason.
using LoopParameter = std::function<Term(const std::string& name)>;

bool has_loops(const Value& content);
// The conditions, resources and outputs of a template without loops. One that cannot be resolved
// stays a member of its name, with a text for a value: the reason.
Value without_loops(const Value& content, const LoopParameter& parameter, LoopBudget& budget);

bool is_loop(const std::string& key);

}  // namespace efa
