// One template of CloudFormation with the values that its parameters have: its resources as they
// will be made, as far as that is known. Functions: CloudFormation User Guide, "Intrinsic function
// reference". Files are read by who makes it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "probes/base/value.h"
#include "probes/template/loops.h"
#include "probes/template/term.h"

namespace efa {

enum class Truth { kNo, kYes, kUnknown };

struct TemplateResource {
  std::string id;  // its logical id, after those of the stacks that it is nested in
  std::string type;
  Term properties;              // a map
  std::string may_miss;         // the condition of which it is not known whether it holds; else ""
  std::set<std::string> needs;  // ids of resources that it refers to
};

struct TemplateFault {
  std::string resource;
  std::string words;
};

// What was found out on the way, for people; of all stacks.
struct TemplateNotes {
  std::vector<std::string> notes;     // each once
  std::vector<TemplateFault> faults;  // why CloudFormation refuses it
  std::vector<std::string> missing;   // what of the fleet may not have been seen, and why

  void note(const std::string& words);
};

class TemplateStack;

// What lies outside of one template.
struct TemplateWorld {
  // The child of that resource: nothing when its file is not there, with a note.
  std::function<std::optional<Value>(const Value& resource, const std::string& id)> child;
  // The value that another stack exports by that name.
  std::function<std::optional<Term>(const std::string& name)> exported;
  TemplateNotes& notes;
  size_t steps_left = 1'000'000;  // that all stacks together may take: a large one takes 50,000
  size_t depth = 0;               // of the values that are evaluated, each for another
  LoopBudget loops = {};
};

class TemplateStack {
 public:
  using Parameters = std::map<std::string, Term>;

  // `prefix`: "" or that of the stack that it is nested in, with a "/".
  TemplateStack(const Value& content, std::string prefix, Parameters given, TemplateWorld& world,
                int depth = 0);
  ~TemplateStack();
  TemplateStack(const TemplateStack&) = delete;
  TemplateStack& operator=(const TemplateStack&) = delete;

  // With those of its nested stacks.
  [[nodiscard]] std::vector<TemplateResource> resources();
  [[nodiscard]] std::optional<Term> output(const std::string& name);
  [[nodiscard]] std::optional<Term> exported(const std::string& name);
  [[nodiscard]] bool has_parameter(const std::string& name) const;

 private:
  friend class TemplateFunctions;

  [[nodiscard]] Term evaluate(const Value& value);
  [[nodiscard]] Term evaluate_within(const Value& value);
  [[nodiscard]] Term evaluate_members(const Object& members);
  [[nodiscard]] Term reference(const std::string& name);
  [[nodiscard]] Term reference_of(const Value& argument);
  [[nodiscard]] Term parameter(const std::string& name, const Value& declared);
  [[nodiscard]] Term parameter_of_loop(const std::string& name);
  [[nodiscard]] Term attribute(const std::string& id, const std::string& name);
  [[nodiscard]] Term output_of(const std::string& id, const std::string& name);
  [[nodiscard]] Truth condition(const std::string& name);
  [[nodiscard]] Truth truth_of(const Value& value);
  [[nodiscard]] Truth truth_within(const Value& value);
  [[nodiscard]] Truth equal(const Array& sides);
  // Of resource, output: that of its "Condition".
  [[nodiscard]] Truth is_made(const Value& part);
  [[nodiscard]] std::string condition_of(const Value& part);

  [[nodiscard]] const Value* section(const char* name) const { return content_->find(name); }
  [[nodiscard]] const Value* resource(const std::string& id) const;
  [[nodiscard]] const Value* member(const char* of_section, const std::string& name) const;
  [[nodiscard]] TemplateStack* child(const std::string& id);
  [[nodiscard]] Parameters parameters_for(const Value& resource);
  // Something of the section is not written down.
  [[nodiscard]] bool has_unseen(const char* of_section) const;

  void add_resource(const std::string& name, const Value& value,
                    std::vector<TemplateResource>& all);
  void add_depends(const Value& value, TemplateResource& resource) const;
  void need(const std::string& id);
  void fault(const std::string& words);
  [[nodiscard]] bool step() const;

  const Value* content_;
  Value unrolled_;  // where the template has loops: it without them
  std::string prefix_;
  Parameters given_;
  TemplateWorld& world_;
  int depth_;
  std::map<std::string, const Value*> by_id_;  // the resources
  std::map<std::string, std::optional<Truth>> conditions_;
  std::map<std::string, std::unique_ptr<TemplateStack>> children_;  // null: its file is not there
  std::map<std::string, Value> child_contents_;
  std::set<std::string> outputs_at_work_;
  TemplateResource* current_ = nullptr;  // whose properties are evaluated
};

}  // namespace efa
