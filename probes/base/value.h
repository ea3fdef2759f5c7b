// A JSON value (RFC 8259) as plain C++: what probes print, what recordings hold, what the report
// is rendered from. The JSON library stays behind parse_json and render_json.
// Objects keep the order in which their members were written, so equal input gives equal bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "probes/base/result.h"

namespace efa {

class Value;
using Array = std::vector<Value>;
using Object = std::vector<std::pair<std::string, Value>>;

class Value {
 public:
  using Content =
      std::variant<std::nullptr_t, bool, int64_t, uint64_t, double, std::string, Array, Object>;

  Value() = default;
  Value(std::nullptr_t) {}                                    // NOLINT(google-explicit-constructor)
  Value(bool value) : content_(value) {}                      // NOLINT(google-explicit-constructor)
  Value(int value) : content_(int64_t{value}) {}              // NOLINT(google-explicit-constructor)
  Value(int64_t value) : content_(value) {}                   // NOLINT(google-explicit-constructor)
  Value(uint32_t value) : content_(int64_t{value}) {}         // NOLINT(google-explicit-constructor)
  Value(uint64_t value);                                      // NOLINT(google-explicit-constructor)
  Value(double value) : content_(value) {}                    // NOLINT(google-explicit-constructor)
  Value(const char* value) : content_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  Value(std::string value) : content_(std::move(value)) {}    // NOLINT(google-explicit-constructor)
  Value(std::string_view value) : content_(std::string(value)) {}  // NOLINT
  Value(Array value) : content_(std::move(value)) {}   // NOLINT(google-explicit-constructor)
  Value(Object value) : content_(std::move(value)) {}  // NOLINT(google-explicit-constructor)

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&content_);
  }
  template <class T>
  [[nodiscard]] T* as() {
    return std::get_if<T>(&content_);
  }
  [[nodiscard]] bool is_null() const { return as<std::nullptr_t>() != nullptr; }
  [[nodiscard]] const Content& content() const { return content_; }

  // The member of that name; nullptr when this is no object or has none.
  [[nodiscard]] const Value* find(std::string_view key) const;
  // Sets a member; a value that is no object becomes one.
  void set(std::string_view key, Value value);
  // Appends to the array at that member; made when absent.
  void add(std::string_view key, Value value);
  // The string at that member, or "" when there is none: for messages only.
  [[nodiscard]] std::string text(std::string_view key) const;

 private:
  Content content_ = nullptr;
};

bool operator==(const Value& a, const Value& b);

// Bounded by nesting (64 levels): input is never trusted. Invalid UTF-8 is malformed.
Result<Value> parse_json(std::string_view text, const std::string& where);
// Invalid UTF-8 is replaced by U+FFFD. indent < 0: one line.
std::string render_json(const Value& value, int indent = -1);

}  // namespace efa
