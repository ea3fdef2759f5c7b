#include "probes/protocol/value.h"

#include <limits>
#include <nlohmann/json.hpp>

namespace efa {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kMaxDepth = 64;  // our deepest report has 8 levels

// Returns false when the text nests deeper than kMaxDepth.
bool from_json(const Json& json, int depth, Value& out) {
  if (depth > kMaxDepth) return false;
  switch (json.type()) {
    case Json::value_t::boolean:
      out = json.get<bool>();
      return true;
    case Json::value_t::number_integer:
      out = json.get<int64_t>();
      return true;
    case Json::value_t::number_unsigned:
      out = json.get<uint64_t>();
      return true;
    case Json::value_t::number_float:
      out = json.get<double>();
      return true;
    case Json::value_t::string:
      out = json.get_ref<const std::string&>();
      return true;
    case Json::value_t::array: {
      Array array(json.size());
      for (size_t i = 0; i < array.size(); ++i) {
        if (!from_json(json[i], depth + 1, array[i])) return false;
      }
      out = std::move(array);
      return true;
    }
    case Json::value_t::object: {
      Object object;
      object.reserve(json.size());
      for (const auto& [key, member] : json.items()) {
        object.emplace_back(key, Value());
        if (!from_json(member, depth + 1, object.back().second)) return false;
      }
      out = std::move(object);
      return true;
    }
    default:
      out = Value();
      return true;
  }
}

Json to_json(const Value& value);

struct ToJson {
  Json operator()(std::nullptr_t) const { return nullptr; }
  Json operator()(bool value) const { return value; }
  Json operator()(int64_t value) const { return value; }
  Json operator()(uint64_t value) const { return value; }
  Json operator()(double value) const { return value; }
  Json operator()(const std::string& value) const { return value; }
  Json operator()(const Array& array) const {
    Json json = Json::array();
    for (const Value& item : array) json.push_back(to_json(item));
    return json;
  }
  Json operator()(const Object& object) const {
    Json json = Json::object();
    auto& members = json.get_ref<Json::object_t&>();
    for (const auto& [key, member] : object) members.emplace_back(key, to_json(member));
    return json;
  }
};

Json to_json(const Value& value) {
  return std::visit(ToJson{}, value.content());
}

// Counts brackets outside strings, so that hostile nesting is refused before it is parsed.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Value::Value(uint64_t value) {
  if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    content_ = static_cast<int64_t>(value);
  } else {
    content_ = value;
  }
}

const Value* Value::find(std::string_view key) const {
  const auto* object = as<Object>();
  if (object == nullptr) return nullptr;
  for (const auto& [name, member] : *object) {
    if (name == key) return &member;
  }
  return nullptr;
}

void Value::set(std::string_view key, Value value) {
  if (as<Object>() == nullptr) content_ = Object{};
  auto& object = *as<Object>();
  for (auto& [name, member] : object) {
    if (name == key) {
      member = std::move(value);
      return;
    }
  }
  object.emplace_back(std::string(key), std::move(value));
}

void Value::add(std::string_view key, Value value) {
  const Value* found = find(key);
  if (found == nullptr || found->as<Array>() == nullptr) set(key, Array{});
  auto* array = const_cast<Value*>(find(key))->as<Array>();  // NOLINT: found in this very object
  array->push_back(std::move(value));
}

std::string Value::text(std::string_view key) const {
  const Value* member = find(key);
  const auto* string = member == nullptr ? nullptr : member->as<std::string>();
  return string == nullptr ? std::string() : *string;
}

bool operator==(const Value& a, const Value& b) {
  return a.content() == b.content();
}

Result<Value> parse_json(std::string_view text, const std::string& where) {
  const Error malformed{ErrorKind::kMalformed, where, "is not valid JSON"};
  if (too_deep(text)) return Error{ErrorKind::kMalformed, where, "JSON nests too deep"};
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  Value value;
  if (json.is_discarded() || !from_json(json, 0, value)) return malformed;
  return value;
}

std::string render_json(const Value& value, int indent) {
  return to_json(value).dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace efa
