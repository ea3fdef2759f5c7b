// What an expression of a template comes to: a text, a list, a map, or, where only AWS or a later
// step knows it, a symbol: two equal symbols are one value, two different ones may be. What not
// even that can be said of is unknown, with the reason.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace efa {

struct TermMember;

struct Term {
  enum class Kind { kNothing, kText, kList, kMap, kSymbol, kUnknown };

  Kind kind = Kind::kNothing;  // kNothing: AWS::NoValue, or there is none
  std::string text;            // of a symbol its words; of an unknown the reason
  // A symbol that is all of one attribute of a resource, "" for what Ref gives; else no resource.
  std::string resource;
  std::string attribute;
  std::vector<Term> items;
  std::vector<TermMember> members;

  static Term of_text(std::string text);
  static Term symbol(std::string words);
  static Term unknown(std::string why);
  static Term of_resource(const std::string& resource, const std::string& attribute);

  [[nodiscard]] bool is_nothing() const { return kind == Kind::kNothing; }
  [[nodiscard]] bool is_text() const { return kind == Kind::kText; }
  [[nodiscard]] bool is_list() const { return kind == Kind::kList; }
  [[nodiscard]] bool is_symbol() const { return kind == Kind::kSymbol; }
  [[nodiscard]] bool is_unknown() const { return kind == Kind::kUnknown; }
  // A text or a symbol: it has an identity.
  [[nodiscard]] bool is_named() const { return is_text() || is_symbol(); }

  // The member of that name; of a symbol or an unknown the same unknown, else nothing.
  [[nodiscard]] Term at(const std::string& name) const;
  [[nodiscard]] std::optional<std::string> known_text() const;
  [[nodiscard]] std::optional<int> number() const;
  [[nodiscard]] std::optional<bool> truth() const;  // "true" or "false"
  // Beside the members that are there.
  void put(std::string name, Term value);
};

struct TermMember {
  std::string first;  // as of a pair
  Term second;
};

enum class Sameness { kSame, kDifferent, kUnknown };
// A resource that the template makes is none that is there already; parameters may be alike.
Sameness compare(const Term& a, const Term& b);

}  // namespace efa
