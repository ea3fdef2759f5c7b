// Credentials in JSON: what a member's name says of its value, beside what each text shows.

#include <set>

#include "agent/run/credential_words.h"
#include "agent/run/hide_credentials.h"

namespace efa {
namespace {

// What carries a credential in its name may become another's: it is left out, as an object with
// two of a name could not be read again.
template <class Hide>
Object renamed(const Object& object, const Hide& hide) {
  Object members;
  std::set<std::string> hidden;
  for (const auto& [key, member] : object) {
    std::string name = hide_credentials(key);
    if (name.find(kHidden) != std::string::npos && !hidden.insert(name).second) continue;
    members.emplace_back(std::move(name), hide(key, member));
  }
  return members;
}

// Numbers stay: "tokens_left" is no credential.
Value all_hidden(const Value& value) {
  if (const auto* text = value.as<std::string>()) return text->empty() ? value : Value(kHidden);
  if (const auto* array = value.as<Array>()) {
    Array items;
    for (const Value& item : *array) items.push_back(all_hidden(item));
    return items;
  }
  if (const auto* object = value.as<Object>()) {
    return renamed(*object, [](const std::string&, const Value& m) { return all_hidden(m); });
  }
  return value;
}

Value hidden_member(const std::string& name, const Value& member) {
  const auto* text = member.as<std::string>();
  const bool ordinary = text != nullptr && is_ordinary_value(name, *text);
  return names_credential(name) && !ordinary ? all_hidden(member) : hide_credentials(member);
}

// {"set":"password","value":"x"}, {"name":"TOKEN","value":"x"}
std::string name_of_value(const Value& object) {
  for (const char* member : {"set", "add", "name", "key"}) {
    std::string name = object.text(member);
    if (names_credential(name)) return name;
  }
  return "value";
}

}  // namespace

Value hide_credentials(const Value& value) {
  if (const auto* text = value.as<std::string>()) return hide_credentials(*text);
  if (const auto* array = value.as<Array>()) {
    Array items;
    for (const Value& item : *array) items.push_back(hide_credentials(item));
    return items;
  }
  if (const auto* object = value.as<Object>()) {
    const std::string named = name_of_value(value);
    return renamed(*object, [&](const std::string& key, const Value& member) {
      return hidden_member(key == "value" ? named : key, member);
    });
  }
  return value;
}

}  // namespace efa
