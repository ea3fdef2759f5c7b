#include "probes/template/term.h"

#include <algorithm>
#include <array>

#include "probes/base/text.h"

namespace efa {

Term Term::of_text(std::string text) {
  return {.kind = Kind::kText, .text = std::move(text)};
}

Term Term::symbol(std::string words) {
  return {.kind = Kind::kSymbol, .text = std::move(words)};
}

Term Term::unknown(std::string why) {
  return {.kind = Kind::kUnknown, .text = std::move(why)};
}

void Term::put(std::string name, Term value) {
  members.push_back({std::move(name), std::move(value)});
}

Term Term::of_resource(const std::string& resource, const std::string& attribute) {
  Term term = symbol(attribute.empty() ? resource : resource + "." + attribute);
  term.resource = resource;
  term.attribute = attribute;
  return term;
}

Term Term::at(const std::string& name) const {
  if (is_unknown()) return *this;
  if (is_symbol()) return unknown(text + " is not known");
  for (const auto& [key, member] : members) {
    if (key == name) return member;
  }
  return {};
}

std::optional<std::string> Term::known_text() const {
  return is_text() ? std::optional(text) : std::nullopt;
}

std::optional<int> Term::number() const {
  return is_text() ? parse_number<int>(text) : std::nullopt;
}

std::optional<bool> Term::truth() const {
  constexpr std::array kTrue{"true", "yes", "on"};
  constexpr std::array kFalse{"false", "no", "off"};
  const std::string word = is_text() ? lower_case(text) : "";
  if (is_one_of(word, kTrue)) return true;
  if (is_one_of(word, kFalse)) return false;
  return std::nullopt;
}

Sameness compare(const Term& a, const Term& b) {
  if (!a.is_named() || !b.is_named()) return Sameness::kUnknown;
  if (a.kind == b.kind && a.text == b.text) return Sameness::kSame;
  const bool certain_a = a.is_text() || !a.resource.empty();
  const bool certain_b = b.is_text() || !b.resource.empty();
  return certain_a && certain_b ? Sameness::kDifferent : Sameness::kUnknown;
}

}  // namespace efa
