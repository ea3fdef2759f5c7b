// The functions of templates that make texts, lists and choices out of other values. What cannot be
// resolved is a symbol, or unknown with the function's name.
#pragma once

#include <string>

#include "probes/base/value.h"
#include "probes/template/term.h"

namespace efa {

class TemplateStack;

class TemplateFunctions {
 public:
  explicit TemplateFunctions(TemplateStack& stack) : stack_(stack) {}

  // `name`: "Fn::Join". An unknown function is unknown.
  [[nodiscard]] Term call(const std::string& name, const Value& argument);

 private:
  [[nodiscard]] Term get_att(const Value& argument);
  [[nodiscard]] Term sub(const Value& argument);
  [[nodiscard]] Term sub_variable(const std::string& name, const Value* own);
  [[nodiscard]] Term join(const Value& argument);
  [[nodiscard]] Term select(const Value& argument);
  [[nodiscard]] Term split_text(const Value& argument);
  [[nodiscard]] Term find_in_map(const Value& argument);
  [[nodiscard]] Term choose(const Value& argument);
  [[nodiscard]] Term import_value(const Value& argument);
  [[nodiscard]] Term opaque(const std::string& name, const Value& argument);

  TemplateStack& stack_;
};

// A number or a truth as it is written.
std::string scalar_text(const Value& value);
// "{{resolve:ssm:NAME}}" anywhere in it: what it stands for is known at deployment.
Term term_of_text(const std::string& text);
// Texts and symbols one after the other, as one.
Term concatenated(const std::vector<Term>& parts, const std::string& between);
// A stack takes lists as texts.
Term as_parameter(const Term& value);

}  // namespace efa
