// What of a template is made at all: its conditions, which may not be known.
// Interface: CloudFormation User Guide, "Condition functions".

#include "probes/template/functions.h"
#include "probes/template/stack.h"

namespace efa {
namespace {

Truth negated(Truth truth) {
  if (truth == Truth::kUnknown) return truth;
  return truth == Truth::kYes ? Truth::kNo : Truth::kYes;
}

}  // namespace

// AWS::LanguageExtensions lets functions make the name; "": there is none.
std::string TemplateStack::condition_of(const Value& part) {
  const Value* name = part.find("Condition");
  if (name == nullptr) return "";
  const Term term = evaluate(*name);
  const bool is_name = term.is_nothing() || term.is_named() || term.is_unknown();
  return is_name ? term.text : "that is no name";
}

Truth TemplateStack::is_made(const Value& part) {
  const Value* name = part.find("Condition");
  if (name == nullptr) return Truth::kYes;
  const Term term = evaluate(*name);
  if (term.is_nothing()) return Truth::kYes;
  return term.is_text() ? condition(term.text) : Truth::kUnknown;
}

Truth TemplateStack::condition(const std::string& name) {
  const auto known = conditions_.find(name);
  if (known != conditions_.end()) return known->second.value_or(Truth::kUnknown);
  conditions_[name] = std::nullopt;  // while it is at work: one that needs itself is not known
  const Value* value = member("Conditions", name);
  if (value == nullptr && !has_unseen("Conditions"))
    fault("names the condition " + name + ", which is nowhere");
  const Truth truth = value == nullptr ? Truth::kUnknown : truth_of(*value);
  conditions_[name] = truth;
  return truth;
}

Truth TemplateStack::equal(const Array& sides) {
  if (sides.size() != 2) return Truth::kUnknown;
  const Term a = evaluate(sides[0]);
  const Term b = evaluate(sides[1]);
  if (a.is_nothing() || b.is_nothing()) return Truth::kUnknown;
  switch (compare(as_parameter(a), as_parameter(b))) {
    case Sameness::kSame:
      return Truth::kYes;
    case Sameness::kDifferent:
      return Truth::kNo;
    default:
      return Truth::kUnknown;
  }
}

Truth TemplateStack::truth_of(const Value& value) {
  if (!step()) return Truth::kUnknown;
  ++world_.depth;
  const Truth truth = truth_within(value);
  --world_.depth;
  return truth;
}

Truth TemplateStack::truth_within(const Value& value) {
  const auto* members = value.as<Object>();
  if (members == nullptr || members->size() != 1) return Truth::kUnknown;
  const auto& [name, argument] = members->front();
  if (name == "Condition") return condition(scalar_text(argument));
  const auto* list = argument.as<Array>();
  if (list == nullptr) return Truth::kUnknown;
  if (name == "Fn::Equals") return equal(*list);
  if (name == "Fn::Not" && list->size() == 1) return negated(truth_of(list->front()));
  if (name != "Fn::And" && name != "Fn::Or") return Truth::kUnknown;
  const Truth decides = name == "Fn::And" ? Truth::kNo : Truth::kYes;
  Truth all = negated(decides);
  for (const Value& one : *list) {
    const Truth truth = truth_of(one);
    if (truth == decides) return decides;
    if (truth == Truth::kUnknown) all = truth;
  }
  return all;
}

}  // namespace efa
