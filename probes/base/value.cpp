#include "probes/base/value.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

namespace efa {
namespace {

using Json = nlohmann::json;
constexpr size_t kMaxDepth = 64;        // our deepest report has 8 levels
constexpr size_t kMaxValues = 200'000;  // the report of 32 devices has 20,000
constexpr size_t kMaxBytes = size_t{32} * 1024 * 1024;

// Most objects have a few members: those are compared without taking memory.
bool may_repeat(const Object& members) {
  constexpr size_t kFew = 16;
  if (members.size() > kFew) return true;
  for (size_t i = 1; i < members.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (members[i].first == members[j].first) return true;
    }
  }
  return false;
}

// Of several members of one name the last counts, as in most readers of JSON.
void drop_repeated(Object& members) {
  if (!may_repeat(members)) return;
  std::vector<size_t> order(members.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return members[a].first < members[b].first; });
  std::vector<bool> repeated(members.size());
  for (size_t i = 0; i + 1 < order.size(); ++i) {
    repeated[order[i]] = members[order[i]].first == members[order[i + 1]].first;
  }
  size_t i = 0;
  std::erase_if(members, [&](const auto& /*member*/) { return repeated[i++]; });
}

// Makes the value while the text is read, so that a hostile one is refused as soon as it breaks a
// bound, whatever is left of it.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return put(Value()); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(int64_t value) override { return put(value); }
  bool number_unsigned(uint64_t value) override { return put(value); }
  bool number_float(double value, const std::string& /*text*/) override { return put(value); }
  bool string(std::string& text) override { return put(std::move(text)); }
  bool binary(Json::binary_t& /*bytes*/) override { return false; }  // JSON has none
  bool start_array(size_t /*size*/) override { return open(Array{}); }
  bool start_object(size_t /*size*/) override { return open(Object{}); }
  bool end_array() override { return close(); }
  bool end_object() override {
    drop_repeated(*open_.back()->as<Object>());
    return close();
  }
  bool key(std::string& name) override {
    open_.back()->as<Object>()->emplace_back(std::move(name), Value());
    return true;
  }
  bool parse_error(size_t /*position*/, const std::string& /*token*/,
                   const Json::exception& /*error*/) override {
    return false;
  }

  [[nodiscard]] const std::string& broken() const { return broken_; }  // which bound, or ""
  Value take() { return std::move(root_); }

 private:
  // Where the next value goes: what is open does not move until it is closed.
  Value* next() {
    if (open_.empty()) return &root_;
    if (auto* array = open_.back()->as<Array>()) return &array->emplace_back();
    return &open_.back()->as<Object>()->back().second;
  }
  bool put(Value value) {
    if (++values_ > kMaxValues) return refuse("contains more than 200,000 values");
    *next() = std::move(value);
    return true;
  }
  bool open(Value value) {
    if (open_.size() >= kMaxDepth) return refuse("is nested too deeply");
    if (++values_ > kMaxValues) return refuse("contains more than 200,000 values");
    Value* place = next();
    *place = std::move(value);
    open_.push_back(place);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  bool refuse(const char* why) {
    broken_ = why;
    return false;
  }

  Value root_;
  std::vector<Value*> open_;  // the arrays and objects around the next value
  size_t values_ = 0;
  std::string broken_;
};

// Writes a value without a second tree of it.
class Renderer {
 public:
  Renderer(std::string& out, int indent) : out_(out), indent_(indent) {}

  void operator()(std::nullptr_t) const { out_ += "null"; }
  void operator()(bool value) const { out_ += value ? "true" : "false"; }
  void operator()(int64_t value) const { out_ += std::to_string(value); }
  void operator()(uint64_t value) const { out_ += std::to_string(value); }
  void operator()(double value) const { out_ += Json(value).dump(); }
  void operator()(const std::string& text) const {
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
      return c >= ' ' && c <= '~' && c != '"' && c != '\\';
    });
    out_ += plain ? '"' + text + '"' : Json(text).dump(-1, ' ', false, kReplace);
  }
  void operator()(const Array& array) {
    list('[', array, ']', [this](const Value& item) { std::visit(*this, item.content()); });
  }
  void operator()(const Object& object) {
    list('{', object, '}', [this](const auto& member) {
      (*this)(member.first);
      out_ += indent_ < 0 ? ":" : ": ";
      std::visit(*this, member.second.content());
    });
  }

 private:
  static constexpr auto kReplace = Json::error_handler_t::replace;

  template <class List, class Write>
  void list(char begin, const List& items, char end, const Write& write) {
    out_ += begin;
    ++depth_;
    for (const auto& item : items) {
      if (&item != &items.front()) out_ += ',';
      new_line();
      write(item);
    }
    --depth_;
    if (!items.empty()) new_line();
    out_ += end;
  }
  void new_line() {
    if (indent_ < 0) return;
    out_ += '\n';
    out_.append(static_cast<size_t>(indent_) * depth_, ' ');
  }

  std::string& out_;
  int indent_;
  size_t depth_ = 0;
};

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
  auto* member = const_cast<Value*>(find(key));  // NOLINT: found in this very object
  if (member != nullptr && member->as<Array>() != nullptr) {
    member->as<Array>()->push_back(std::move(value));
  } else {
    set(key, Array{std::move(value)});
  }
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
  const auto malformed = [&](const std::string& what) {
    return Error{ErrorKind::kMalformed, where, what};
  };
  if (text.size() > kMaxBytes) return malformed("is larger than 32 MiB");
  Builder builder;
  if (Json::sax_parse(text.begin(), text.end(), &builder)) return builder.take();
  return malformed(builder.broken().empty() ? "is not valid JSON" : builder.broken());
}

std::string render_json(const Value& value, int indent) {
  std::string text;
  std::visit(Renderer(text, indent), value.content());
  return text;
}

}  // namespace efa
