#include "probes/template/stack.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/template/functions.h"

namespace efa {
namespace {

constexpr int kDeepest = 5;            // stacks within stacks
constexpr size_t kDeepestValue = 400;  // conditions and outputs that need others, too
constexpr size_t kMostNotes = 50;      // a person reads them
constexpr size_t kMostFaults = 100;    // each is a finding

// The function or reference that an object is; "" for a plain one.
std::string function_of(const Object& members) {
  if (members.size() != 1) return "";
  const std::string& name = members.front().first;
  return name == "Ref" || name.starts_with("Fn::") ? name : "";
}

Term list_in(const std::string& text) {
  Term list{.kind = Term::Kind::kList};
  if (trim(text).empty()) return list;
  for (const std::string& item : split(text, ',')) {
    list.items.push_back(term_of_text(std::string(trim(item))));
  }
  return list;
}

bool is_list_type(const std::string& type) {
  return type == "CommaDelimitedList" || type.starts_with("List<");
}

bool is_unseen(const Object::value_type& member) {
  return member.first.starts_with("Fn::");
}

bool has_macro(const Value* transform) {
  if (transform == nullptr || transform->is_null()) return false;
  const Array one{*transform};
  const auto* list = transform->as<Array>();
  const Array& all = list == nullptr ? one : *list;
  return std::any_of(all.begin(), all.end(),
                     [](const Value& name) { return !(name == Value("AWS::LanguageExtensions")); });
}

// Of a loop that is not resolved, the reason is its value.
std::string unresolved_words(const std::string& name, const Value& value) {
  const auto* why = is_loop(name) ? value.as<std::string>() : nullptr;
  return "not resolved" + (why == nullptr ? "" : ": " + *why);
}

}  // namespace

void TemplateNotes::note(const std::string& words) {
  const bool known = std::find(notes.begin(), notes.end(), words) != notes.end();
  if (!known && notes.size() < kMostNotes) notes.push_back(words);
}

TemplateStack::TemplateStack(const Value& content, std::string prefix, Parameters given,
                             TemplateWorld& world, int depth)
    : content_(&content),
      prefix_(std::move(prefix)),
      given_(std::move(given)),
      world_(world),
      depth_(depth) {
  if (has_loops(content)) {
    const LoopParameter parameter = [this](const std::string& name) {
      return parameter_of_loop(name);
    };
    unrolled_ = without_loops(content, parameter, world_.loops);
    content_ = &unrolled_;
  }
  const Value* resources = section("Resources");
  const auto* members = resources == nullptr ? nullptr : resources->as<Object>();
  if (members == nullptr) return;
  for (const auto& [id, value] : *members) by_id_.emplace(id, &value);
}

TemplateStack::~TemplateStack() = default;

const Value* TemplateStack::resource(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

const Value* TemplateStack::member(const char* of_section, const std::string& name) const {
  const Value* all = section(of_section);
  return all == nullptr ? nullptr : all->find(name);
}

bool TemplateStack::has_parameter(const std::string& name) const {
  return member("Parameters", name) != nullptr;
}

// Macros make what is not written down; of loops there is left what could not be resolved.
bool TemplateStack::has_unseen(const char* of_section) const {
  const Value* part = section(of_section);
  const auto* members = part == nullptr ? nullptr : part->as<Object>();
  const bool loop = members != nullptr && std::any_of(members->begin(), members->end(), is_unseen);
  return loop || has_macro(section("Transform"));
}

bool TemplateStack::step() const {
  if (world_.steps_left == 0 || world_.depth > kDeepestValue) return false;
  if (--world_.steps_left == 0) {
    world_.notes.missing.emplace_back("the template takes too many steps to resolve");
  }
  return world_.steps_left > 0;
}

void TemplateStack::need(const std::string& id) {
  if (current_ != nullptr) current_->needs.insert(prefix_ + id);
}

void TemplateStack::fault(const std::string& words) {
  const std::string id = current_ == nullptr ? "the template" : current_->id;
  auto& faults = world_.notes.faults;
  const bool known = std::any_of(faults.begin(), faults.end(), [&](const TemplateFault& one) {
    return one.resource == id && one.words == words;
  });
  if (!known && faults.size() < kMostFaults) faults.push_back({id, words});
}

Term TemplateStack::evaluate(const Value& value) {
  if (!step()) return Term::unknown("the template takes too many steps to resolve");
  ++world_.depth;
  Term term = evaluate_within(value);
  --world_.depth;
  return term;
}

Term TemplateStack::evaluate_within(const Value& value) {
  if (value.is_null()) return {};
  if (const auto* list = value.as<Array>()) {
    Term term{.kind = Term::Kind::kList};
    for (const Value& item : *list) {
      Term one = evaluate(item);
      if (!one.is_nothing()) term.items.push_back(std::move(one));
    }
    return term;
  }
  const auto* members = value.as<Object>();
  return members == nullptr ? term_of_text(scalar_text(value)) : evaluate_members(*members);
}

Term TemplateStack::evaluate_members(const Object& members) {
  const std::string function = function_of(members);
  if (function == "Ref") return reference_of(members.front().second);
  if (!function.empty() && !is_loop(function))
    return TemplateFunctions(*this).call(function, members.front().second);
  Term term{.kind = Term::Kind::kMap};
  for (const auto& [name, value] : members) {
    if (name.starts_with("Fn::")) {
      return Term::unknown(name + " is " + unresolved_words(name, value));
    }
    Term one = evaluate(value);
    if (!one.is_nothing()) term.put(name, std::move(one));
  }
  return term;
}

// AWS::LanguageExtensions lets functions make the name.
Term TemplateStack::reference_of(const Value& argument) {
  if (argument.as<Object>() == nullptr) return reference(scalar_text(argument));
  const Term name = evaluate(argument);
  if (name.is_text()) return reference(name.text);
  return name.is_unknown() ? name : Term::unknown("the name that Ref is given is not known");
}

Term TemplateStack::reference(const std::string& name) {
  if (name == "AWS::NoValue") return {};
  if (const Value* declared = member("Parameters", name)) return parameter(name, *declared);
  if (name.starts_with("AWS::")) {
    const auto given = given_.find(name);
    return given == given_.end() ? Term::symbol(name) : given->second;
  }
  return attribute(name, "");
}

Term TemplateStack::parameter(const std::string& name, const Value& declared) {
  const std::string type = declared.text("Type");
  // its value is the name of a stored one
  if (type.starts_with("AWS::SSM::Parameter::Value")) return Term::symbol(prefix_ + name);
  const auto given = given_.find(name);
  if (given != given_.end()) {
    const Term& value = given->second;
    return value.is_text() && is_list_type(type) ? list_in(value.text) : value;
  }
  const Value* usual = declared.find("Default");
  if (usual == nullptr || usual->is_null()) {
    world_.notes.note("the parameter " + prefix_ + name + " has no value");
    return Term::symbol(prefix_ + name);
  }
  const std::string text = scalar_text(*usual);
  world_.notes.note("the parameter " + prefix_ + name + " is taken as its default, " + text);
  return is_list_type(type) ? list_in(text) : term_of_text(text);
}

Term TemplateStack::parameter_of_loop(const std::string& name) {
  const Value* declared = member("Parameters", name);
  if (declared == nullptr) return Term::unknown(name + " is no parameter");
  const std::string type = declared->text("Type");
  if (is_list_type(type) && type != "CommaDelimitedList") {
    return Term::unknown("the parameter " + name + " is no CommaDelimitedList");
  }
  return parameter(name, *declared);
}

Term TemplateStack::attribute(const std::string& id, const std::string& name) {
  const Value* made = resource(id);
  if (made == nullptr) {
    if (has_unseen("Resources"))
      return Term::symbol(prefix_ + id + (name.empty() ? "" : "." + name));
    fault("refers to " + id + ", which is no resource and no parameter");
    return Term::unknown(prefix_ + id + " is nowhere in the template");
  }
  if (is_made(*made) == Truth::kNo) {
    fault("refers to " + id + ", whose condition " + condition_of(*made) + " does not hold");
    return Term::unknown(prefix_ + id + " is not made: its condition does not hold");
  }
  need(id);
  constexpr std::string_view kOutputs = "Outputs.";
  if (made->text("Type") == "AWS::CloudFormation::Stack" && name.starts_with(kOutputs)) {
    return output_of(id, name.substr(kOutputs.size()));
  }
  return Term::of_resource(prefix_ + id, name);
}

Term TemplateStack::output_of(const std::string& id, const std::string& name) {
  TemplateStack* stack = child(id);
  if (stack == nullptr) return Term::symbol(prefix_ + id + ".Outputs." + name);
  std::optional<Term> value = stack->output(name);
  if (value) return *value;
  if (stack->has_unseen("Outputs")) return Term::symbol(prefix_ + id + ".Outputs." + name);
  fault("asks " + id + " for the output " + name + ", which it has not");
  return Term::unknown(prefix_ + id + " has no output " + name);
}

std::optional<Term> TemplateStack::output(const std::string& name) {
  const Value* found = member("Outputs", name);
  const Value* value = found == nullptr ? nullptr : found->find("Value");
  if (value == nullptr) return std::nullopt;
  switch (is_made(*found)) {
    case Truth::kNo:
      return std::nullopt;
    case Truth::kUnknown:
      return Term::unknown("the condition " + condition_of(*found) + " is not known");
    default:
      break;
  }
  if (!outputs_at_work_.insert(name).second) return Term::unknown(name + " depends on itself");
  Term term = evaluate(*value);
  outputs_at_work_.erase(name);
  return term;
}

std::optional<Term> TemplateStack::exported(const std::string& name) {
  const Value* outputs = section("Outputs");
  const auto* members = outputs == nullptr ? nullptr : outputs->as<Object>();
  if (members == nullptr) return std::nullopt;
  for (const auto& [key, value] : *members) {
    const Value* exported = value.find("Export");
    const Value* as = exported == nullptr ? nullptr : exported->find("Name");
    if (as != nullptr && evaluate(*as).text == name) return output(key);
  }
  return std::nullopt;
}

TemplateStack::Parameters TemplateStack::parameters_for(const Value& made) {
  Parameters parameters;
  for (const auto& [name, value] : given_) {
    if (name.starts_with("AWS::")) parameters[name] = value;
  }
  const Value* properties = made.find("Properties");
  const Value* given = properties == nullptr ? nullptr : properties->find("Parameters");
  const auto* members = given == nullptr ? nullptr : given->as<Object>();
  if (members == nullptr) return parameters;
  for (const auto& [name, value] : *members) {
    Term term = as_parameter(evaluate(value));
    if (!term.is_nothing()) parameters[name] = std::move(term);
  }
  return parameters;
}

// Once; while it is made, what asks for it gets none.
TemplateStack* TemplateStack::child(const std::string& id) {
  const auto known = children_.find(id);
  if (known != children_.end()) return known->second.get();
  children_[id] = nullptr;
  const Value* made = resource(id);
  if (depth_ >= kDeepest) {
    world_.notes.missing.push_back(prefix_ + id + " is nested more than 5 deep and was not read");
    return nullptr;
  }
  std::optional<Value> content = world_.child(*made, prefix_ + id);
  if (!content) return nullptr;
  child_contents_[id] = std::move(*content);
  children_[id] = std::make_unique<TemplateStack>(child_contents_[id], prefix_ + id + "/",
                                                  parameters_for(*made), world_, depth_ + 1);
  return children_[id].get();
}

void TemplateStack::add_depends(const Value& value, TemplateResource& made) const {
  const Value* depends = value.find("DependsOn");
  if (depends == nullptr) return;
  const Array one{*depends};
  const auto* list = depends->as<Array>();
  for (const Value& id : list == nullptr ? one : *list) {
    const auto* text = id.as<std::string>();
    if (text != nullptr && resource(*text) != nullptr) made.needs.insert(prefix_ + *text);
  }
}

void TemplateStack::add_resource(const std::string& name, const Value& value,
                                 std::vector<TemplateResource>& all) {
  TemplateResource made{.id = prefix_ + name, .type = value.text("Type")};
  current_ = &made;
  if (name.starts_with("Fn::") || made.type.empty()) {
    if (name.starts_with("Fn::")) {
      world_.notes.missing.push_back(name + " makes resources that are " +
                                     unresolved_words(name, value));
    } else {
      fault("is no resource: it has no Type");
    }
    current_ = nullptr;
    return;
  }
  const Truth truth = is_made(value);
  const Value* properties = value.find("Properties");
  if (truth != Truth::kNo) {
    if (truth == Truth::kUnknown) made.may_miss = condition_of(value);
    if (properties != nullptr) made.properties = evaluate(*properties);
    add_depends(value, made);
    all.push_back(made);
  }
  current_ = nullptr;
  if (truth == Truth::kNo || made.type != "AWS::CloudFormation::Stack") return;
  TemplateStack* stack = child(name);
  if (stack == nullptr) return;
  for (TemplateResource& one : stack->resources()) {
    if (one.may_miss.empty()) one.may_miss = made.may_miss;
    all.push_back(std::move(one));
  }
}

std::vector<TemplateResource> TemplateStack::resources() {
  std::vector<TemplateResource> all;
  const Value* resources = section("Resources");
  const auto* members = resources == nullptr ? nullptr : resources->as<Object>();
  if (members == nullptr) return all;
  for (const auto& [name, value] : *members) add_resource(name, value, all);
  return all;
}

}  // namespace efa
