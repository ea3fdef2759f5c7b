#include "probes/template/loops.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "probes/base/text.h"
#include "probes/template/functions.h"

namespace efa {
namespace {

constexpr const char* kSections[] = {"Conditions", "Outputs", "Resources"};
constexpr const char* kExtensions = "AWS::LanguageExtensions";
constexpr const char* kTooMany = "the loops of the template make too much";

bool is_alphanumeric(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
         (letter >= 'A' && letter <= 'Z');
}

std::string alphanumeric(const std::string& text) {
  std::string kept;
  std::copy_if(text.begin(), text.end(), std::back_inserter(kept), is_alphanumeric);
  return kept;
}

bool is_extended(const Value& content) {
  const Value* transform = content.find("Transform");
  if (transform == nullptr) return false;
  const Array one{*transform};
  const auto* list = transform->as<Array>();
  const Array& all = list == nullptr ? one : *list;
  return std::any_of(all.begin(), all.end(), [](const Value& name) {
    const auto* text = name.as<std::string>();
    return text != nullptr && *text == kExtensions;
  });
}

// The X of {Ref: X}.
const std::string* referred(const Value& value) {
  const auto* members = value.as<Object>();
  if (members == nullptr || members->size() != 1 || members->front().first != "Ref") return nullptr;
  return members->front().second.as<std::string>();
}

class Writer {
 public:
  Writer(const LoopParameter& parameter, LoopBudget& budget, bool extended)
      : parameter_(parameter), budget_(budget), extended_(extended) {}

  Value section(const Value& value) {
    const auto* members = value.as<Object>();
    return members == nullptr ? value : Value(written(*members, /*ids=*/true));
  }

 private:
  struct Members {
    Object object;
    std::set<std::string> keys;
    bool ids = false;  // keys are logical ids
  };

  Value write(const Value& value);
  Object written(const Object& members, bool ids);
  void write_into(const Object& members, Members& into);
  void write_loop(const std::string& name, const Value& value, Members& into);
  void repeat(const std::string& name, const Value& value, Members& into);
  std::vector<std::string> items_of(const std::string& name, const Value& collection);
  std::optional<std::string> item_of(const Value& value);
  const Term& known(const std::string& parameter);
  std::string replaced(const std::string& text);
  const std::string* bound(const std::string& identifier) const;
  bool spend(size_t values, size_t bytes);
  void fail(const std::string& words) {
    if (why_.empty()) why_ = words;
  }
  [[nodiscard]] bool failed() const { return !why_.empty(); }

  const LoopParameter& parameter_;
  LoopBudget& budget_;
  bool extended_;
  std::vector<std::pair<const std::string*, const std::string*>> bound_;  // identifier, item
  std::map<std::string, Term> parameters_;
  std::string why_;  // the outermost loop at work is not resolved
};

// What stands outside of loops costs nothing: it was there.
bool Writer::spend(size_t values, size_t bytes) {
  if (bound_.empty()) return true;
  if (values > budget_.values || bytes > budget_.bytes) {
    budget_ = {0, 0};
    fail(kTooMany);
    return false;
  }
  budget_.values -= values;
  budget_.bytes -= bytes;
  return true;
}

const std::string* Writer::bound(const std::string& identifier) const {
  for (auto each = bound_.rbegin(); each != bound_.rend(); ++each) {
    if (*each->first == identifier) return each->second;
  }
  return nullptr;
}

// "Subnet&{Cidr}", "${Name}-${AWS::Region}"
std::string Writer::replaced(const std::string& text) {
  if (bound_.empty() || !spend(0, text.size())) return text;
  std::string all;
  size_t at = 0;
  while (at < text.size()) {
    const size_t open = text.find('{', at);
    const size_t close = open == std::string::npos ? open : text.find('}', open);
    if (close == std::string::npos) break;
    const char sign = open > at ? text[open - 1] : ' ';
    const std::string* item = nullptr;
    if (sign == '$' || sign == '&') {
      item = bound(std::string(trim(text.substr(open + 1, close - open - 1))));
    }
    if (item == nullptr) {
      all += text.substr(at, open + 1 - at);
      at = open + 1;
      continue;
    }
    if (!spend(0, item->size())) return text;
    all += text.substr(at, open - 1 - at) + (sign == '$' ? *item : alphanumeric(*item));
    at = close + 1;
  }
  return all + text.substr(at);
}

Value Writer::write(const Value& value) {
  if (failed() || !spend(1, 0)) return {};
  if (const auto* text = value.as<std::string>()) return replaced(*text);
  if (const auto* list = value.as<Array>()) {
    Array items;
    for (const Value& item : *list) items.push_back(write(item));
    return items;
  }
  const auto* members = value.as<Object>();
  if (members == nullptr) return value;
  const std::string* name = referred(value);
  const std::string* item = name == nullptr ? nullptr : bound(*name);
  if (item == nullptr) return written(*members, /*ids=*/false);
  spend(0, item->size());
  return *item;
}

Object Writer::written(const Object& members, bool ids) {
  Members into{.object = {}, .keys = {}, .ids = ids};
  for (const auto& [key, value] : members) {
    if (!is_loop(key) && bound_.empty()) into.keys.insert(key);  // a loop makes no other
  }
  write_into(members, into);
  return std::move(into.object);
}

void Writer::write_into(const Object& members, Members& into) {
  for (const auto& [key, value] : members) {
    if (failed()) return;
    if (is_loop(key)) {
      write_loop(key, value, into);
      continue;
    }
    const std::string name = replaced(key);
    if (!bound_.empty() && !into.keys.insert(name).second)
      return fail("'" + name + "' is there twice");
    if (into.ids && name != alphanumeric(name) && !bound_.empty()) {
      return fail("'" + name + "' has other characters than letters and digits");
    }
    into.object.emplace_back(name, write(value));
  }
}

void Writer::write_loop(const std::string& name, const Value& value, Members& into) {
  const size_t before = into.object.size();
  repeat(name, value, into);
  if (!failed() || !bound_.empty()) return;
  into.object.erase(into.object.begin() + static_cast<std::ptrdiff_t>(before), into.object.end());
  into.object.emplace_back(name, std::exchange(why_, ""));
}

void Writer::repeat(const std::string& name, const Value& value, Members& into) {
  if (!extended_) return fail(std::string("it needs the transform ") + kExtensions);
  if (budget_.values == 0) return fail(kTooMany);
  const auto* parts = value.as<Array>();
  const bool whole = parts != nullptr && parts->size() == 3;
  const auto* identifier = whole ? parts->front().as<std::string>() : nullptr;
  const auto* fragment = whole ? parts->back().as<Object>() : nullptr;
  if (identifier == nullptr || fragment == nullptr) {
    return fail(name + " is not used as CloudFormation describes");
  }
  for (const auto& [key, member] : *fragment) {
    const bool named = key.find("${" + *identifier + "}") != std::string::npos ||
                       key.find("&{" + *identifier + "}") != std::string::npos;
    if (!named && !is_loop(key))
      return fail("'" + key + "' of " + name + " does not name its item");
  }
  for (const std::string& item : items_of(name, (*parts)[1])) {
    bound_.emplace_back(identifier, &item);
    if (spend(1, 0)) write_into(*fragment, into);
    bound_.pop_back();
    if (failed()) return;
  }
}

const Term& Writer::known(const std::string& parameter) {
  const auto found = parameters_.find(parameter);
  if (found != parameters_.end()) return found->second;
  return parameters_.emplace(parameter, parameter_(parameter)).first->second;
}

std::optional<std::string> Writer::item_of(const Value& value) {
  if (const std::string* name = referred(value)) {
    if (const std::string* item = bound(*name)) return *item;
    return known(*name).known_text();
  }
  if (value.as<Object>() != nullptr || value.as<Array>() != nullptr || value.is_null()) {
    return std::nullopt;
  }
  return replaced(scalar_text(value));
}

std::vector<std::string> Writer::items_of(const std::string& name, const Value& collection) {
  std::vector<std::string> items;
  const std::string* parameter = referred(collection);
  if (const auto* list = collection.as<Array>()) {
    for (const Value& value : *list) {
      const std::optional<std::string> item = item_of(value);
      if (!item || !spend(1, item->size())) {
        fail("an item of " + name + " is not known");
        return {};
      }
      items.push_back(*item);
    }
    return items;
  }
  if (parameter == nullptr) {
    fail(name + " goes through what is neither a list nor a parameter");
    return {};
  }
  const Term& given = known(*parameter);
  if (!given.is_list()) {
    fail(given.is_unknown() ? given.text : "the parameter " + *parameter + " is not known");
    return {};
  }
  for (const Term& item : given.items) {
    if (!item.is_text() || !spend(1, item.text.size())) {
      fail("an item of " + *parameter + " is not known");
      return {};
    }
    items.push_back(item.text);
  }
  return items;
}

}  // namespace

bool is_loop(const std::string& key) {
  return key.starts_with("Fn::ForEach::");
}

bool has_loops(const Value& content) {
  if (const auto* list = content.as<Array>())
    return std::any_of(list->begin(), list->end(), has_loops);
  const auto* members = content.as<Object>();
  if (members == nullptr) return false;
  return std::any_of(members->begin(), members->end(), [](const auto& member) {
    return is_loop(member.first) || has_loops(member.second);
  });
}

Value without_loops(const Value& content, const LoopParameter& parameter, LoopBudget& budget) {
  Writer writer(parameter, budget, is_extended(content));
  Value all = content;
  for (const char* name : kSections) {
    const Value* section = content.find(name);
    if (section != nullptr) all.set(name, writer.section(*section));
  }
  return all;
}

}  // namespace efa
