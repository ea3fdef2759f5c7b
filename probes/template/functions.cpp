#include "probes/template/functions.h"

#include <algorithm>

#include "probes/base/text.h"
#include "probes/template/stack.h"

namespace efa {
namespace {

constexpr size_t kLongestText = size_t{64} * 1024;  // nested stacks could multiply it

const Array* list_of(const Value& argument, size_t least) {
  const auto* list = argument.as<Array>();
  return list != nullptr && list->size() >= least ? list : nullptr;
}

Term ill(const std::string& function) {
  return Term::unknown(function + " is not used as CloudFormation describes");
}

}  // namespace

std::string scalar_text(const Value& value) {
  const auto* text = value.as<std::string>();
  return text == nullptr ? render_json(value) : *text;
}

Term term_of_text(const std::string& text) {
  return text.find("{{resolve:") == std::string::npos ? Term::of_text(text) : Term::symbol(text);
}

Term concatenated(const std::vector<Term>& parts, const std::string& between) {
  if (parts.size() == 1) return parts.front();
  Term all = Term::of_text("");
  for (size_t i = 0; i < parts.size(); ++i) {
    const Term& part = parts[i];
    if (part.is_unknown()) return part;
    if (!part.is_named()) return Term::unknown("a text is made of what is none");
    if (i > 0) all.text += between;
    all.text += part.is_symbol() ? "${" + part.text + "}" : part.text;
    if (part.is_symbol()) all.kind = Term::Kind::kSymbol;
    if (all.text.size() > kLongestText) return Term::unknown("a text is longer than 64 KiB");
  }
  return all;
}

Term as_parameter(const Term& value) {
  return value.is_list() ? concatenated(value.items, ",") : value;
}

Term TemplateFunctions::call(const std::string& name, const Value& argument) {
  if (name == "Fn::GetAtt") return get_att(argument);
  if (name == "Fn::Sub") return sub(argument);
  if (name == "Fn::Join") return join(argument);
  if (name == "Fn::Select") return select(argument);
  if (name == "Fn::Split") return split_text(argument);
  if (name == "Fn::FindInMap") return find_in_map(argument);
  if (name == "Fn::If") return choose(argument);
  if (name == "Fn::ImportValue") return import_value(argument);
  if (name == "Fn::GetAZs" || name == "Fn::Cidr" || name == "Fn::Base64") {
    return opaque(name, argument);
  }
  return Term::unknown(name + " is not resolved");
}

Term TemplateFunctions::get_att(const Value& argument) {
  if (const auto* text = argument.as<std::string>()) {
    const size_t dot = text->find('.');
    if (dot == std::string::npos) return ill("Fn::GetAtt");
    return stack_.attribute(text->substr(0, dot), text->substr(dot + 1));
  }
  const Array* list = list_of(argument, 2);
  if (list == nullptr) return ill("Fn::GetAtt");
  Term id = stack_.evaluate(list->front());  // AWS::LanguageExtensions lets functions make it
  const Term name = stack_.evaluate((*list)[1]);
  if (id.is_unknown()) return id;
  return id.is_text() && name.is_text() ? stack_.attribute(id.text, name.text) : ill("Fn::GetAtt");
}

Term TemplateFunctions::sub_variable(const std::string& name, const Value* own) {
  const Value* mine = own == nullptr ? nullptr : own->find(name);
  if (mine != nullptr) return stack_.evaluate(*mine);
  const size_t dot = name.find('.');
  return dot == std::string::npos ? stack_.reference(name)
                                  : stack_.attribute(name.substr(0, dot), name.substr(dot + 1));
}

// "arn:${AWS::Partition}:iam::aws:policy/${!Literal}"
Term TemplateFunctions::sub(const Value& argument) {
  const Array* list = list_of(argument, 2);
  const auto* text = (list == nullptr ? argument : list->front()).as<std::string>();
  if (text == nullptr) return ill("Fn::Sub");
  const Value* own = list == nullptr ? nullptr : &(*list)[1];
  std::vector<Term> parts;
  size_t at = 0;
  while (at < text->size()) {
    const size_t open = text->find("${", at);
    const size_t close = open == std::string::npos ? open : text->find('}', open);
    if (close == std::string::npos) break;
    if (open > at) parts.push_back(term_of_text(text->substr(at, open - at)));
    const std::string name(trim(text->substr(open + 2, close - open - 2)));
    parts.push_back(name.starts_with("!") ? Term::of_text("${" + name.substr(1) + "}")
                                          : sub_variable(name, own));
    at = close + 1;
  }
  if (at < text->size() || parts.empty()) parts.push_back(term_of_text(text->substr(at)));
  return concatenated(parts, "");
}

Term TemplateFunctions::join(const Value& argument) {
  const Array* list = list_of(argument, 2);
  const auto* between = list == nullptr ? nullptr : list->front().as<std::string>();
  if (between == nullptr) return ill("Fn::Join");
  const Term parts = stack_.evaluate((*list)[1]);
  if (parts.is_symbol()) return Term::symbol("Join of " + parts.text);
  if (!parts.is_list()) return parts.is_unknown() ? parts : ill("Fn::Join");
  return parts.items.empty() ? Term::of_text("") : concatenated(parts.items, *between);
}

Term TemplateFunctions::select(const Value& argument) {
  const Array* list = list_of(argument, 2);
  if (list == nullptr) return ill("Fn::Select");
  const Term index = stack_.evaluate(list->front());
  Term items = stack_.evaluate((*list)[1]);
  if (items.is_unknown()) return items;
  if (!index.number() || *index.number() < 0) {
    return index.is_text() ? ill("Fn::Select") : Term::unknown("which of a list is not known");
  }
  const auto at = static_cast<size_t>(*index.number());
  if (items.is_symbol()) return Term::symbol("item " + std::to_string(at) + " of " + items.text);
  return at < items.items.size() ? items.items[at] : ill("Fn::Select");
}

Term TemplateFunctions::split_text(const Value& argument) {
  const Array* list = list_of(argument, 2);
  const auto* between = list == nullptr ? nullptr : list->front().as<std::string>();
  if (between == nullptr || between->empty()) return ill("Fn::Split");
  const Term whole = stack_.evaluate((*list)[1]);
  if (whole.is_symbol()) return Term::symbol("Split of " + whole.text + " at " + *between);
  if (!whole.is_text()) return whole.is_unknown() ? whole : ill("Fn::Split");
  Term parts{.kind = Term::Kind::kList};
  size_t at = 0;
  for (size_t end = 0; end != std::string::npos; at = end + between->size()) {
    end = whole.text.find(*between, at);
    parts.items.push_back(Term::of_text(whole.text.substr(at, end - at)));
  }
  return parts;
}

Term TemplateFunctions::find_in_map(const Value& argument) {
  const Array* list = list_of(argument, 3);
  if (list == nullptr) return ill("Fn::FindInMap");
  std::vector<Term> keys;
  for (size_t i = 0; i < 3; ++i) keys.push_back(stack_.evaluate((*list)[i]));
  if (std::all_of(keys.begin(), keys.end(), [](const Term& key) { return key.is_text(); })) {
    const Value* found = stack_.member("Mappings", keys[0].text);
    for (size_t i = 1; i < 3 && found != nullptr; ++i) found = found->find(keys[i].text);
    if (found != nullptr) return stack_.evaluate(*found);
    const Value* other = list->size() > 3 ? (*list)[3].find("DefaultValue") : nullptr;
    if (other != nullptr) return stack_.evaluate(*other);
    stack_.fault("Fn::FindInMap finds no " + keys[1].text + ", " + keys[2].text + " in " +
                 keys[0].text);
    return Term::unknown("Fn::FindInMap finds nothing in " + keys[0].text);
  }
  Term words = concatenated(keys, ", ");
  return words.is_unknown() ? words : Term::symbol("FindInMap of " + words.text);
}

Term TemplateFunctions::choose(const Value& argument) {
  const Array* list = list_of(argument, 3);
  const auto* name = list == nullptr ? nullptr : list->front().as<std::string>();
  if (name == nullptr) return ill("Fn::If");
  switch (stack_.condition(*name)) {
    case Truth::kYes:
      return stack_.evaluate((*list)[1]);
    case Truth::kNo:
      return stack_.evaluate((*list)[2]);
    default:
      return Term::unknown("the condition " + *name + " is not known");
  }
}

Term TemplateFunctions::import_value(const Value& argument) {
  const Term name = stack_.evaluate(argument);
  if (!name.is_named()) return name.is_unknown() ? name : ill("Fn::ImportValue");
  const std::optional<Term> value = stack_.world_.exported(name.text);
  if (value) return *value;
  stack_.world_.notes.note(name.text + " is imported from a stack that is not here");
  return Term::symbol("import of " + name.text);
}

// Alike where its arguments are.
Term TemplateFunctions::opaque(const std::string& name, const Value& argument) {
  Term of = stack_.evaluate(argument);
  if (of.is_unknown()) return of;
  const std::string words = of.is_list() ? concatenated(of.items, ", ").text : of.text;
  return Term::symbol(name.substr(4) + (words.empty() ? "" : " of " + words));
}

}  // namespace efa
