// One description of a struct serves both directions between it and JSON:
//
//   struct Link { std::string speed; std::optional<int> width; };
//   template <class Io> void describe(Io& io, Link& link) {
//     io("speed", link.speed);
//     io("width", link.width);
//   }
//
// An absent optional is an absent member, never 0 or "". A member of the wrong type is an error
// that names it; an unknown member is ignored (a newer probe may say more). An enum is a word of
// its table (word.h), and another word is of the wrong type.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "probes/base/value.h"
#include "probes/base/word.h"

namespace efa {

template <class T>
Value to_value(const T& item);
template <class T>
bool read_value(const Value& value, T& item, std::string& bad);

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsStringMap : std::false_type {};
template <class T>
struct IsStringMap<std::map<std::string, T>> : std::true_type {};

// A type that is one string in JSON, like PciAddress: has to_text() and static from_text().
template <class T>
concept TextLike = requires(const T& item, const std::string& text) {
  { item.to_text() } -> std::convertible_to<std::string>;
  { T::from_text(text) } -> std::convertible_to<std::optional<T>>;
};

class Writer {
 public:
  template <class T>
  void operator()(const char* key, T& field) {
    if constexpr (IsOptional<T>::value) {
      if (field) object_.emplace_back(key, to_value(*field));
    } else {
      object_.emplace_back(key, to_value(field));
    }
  }
  Object take() { return std::move(object_); }

 private:
  Object object_;
};

class Reader {
 public:
  Reader(const Value& object, std::string& bad) : object_(object), bad_(bad) {}
  template <class T>
  void operator()(const char* key, T& field) {
    const Value* member = object_.find(key);
    if (member == nullptr || !bad_.empty()) return;
    std::string inner;
    if (!read_value(*member, field, inner)) bad_ = inner.empty() ? key : key + ("." + inner);
  }

 private:
  const Value& object_;
  std::string& bad_;
};

template <class T>
Value to_value(const T& item) {
  if constexpr (std::is_same_v<T, Value>) {
    return item;
  } else if constexpr (TextLike<T>) {
    return item.to_text();
  } else if constexpr (HasWords<T>) {
    return word_of(item);
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    if constexpr (std::is_signed_v<T>) {
      return static_cast<int64_t>(item);
    } else {
      return static_cast<uint64_t>(item);
    }
  } else if constexpr (std::is_constructible_v<Value, const T&>) {
    return Value(item);
  } else if constexpr (IsVector<T>::value) {
    Array array;
    array.reserve(item.size());
    for (const auto& element : item) array.push_back(to_value(element));
    return array;
  } else if constexpr (IsStringMap<T>::value) {
    Object object;
    for (const auto& [key, member] : item) object.emplace_back(key, to_value(member));
    return object;
  } else {
    Writer writer;
    describe(writer, const_cast<T&>(item));  // NOLINT: a Writer only reads
    return writer.take();
  }
}

template <class T>
bool read_integer(const Value& value, T& item) {
  if (const auto* number = value.as<int64_t>()) {
    item = static_cast<T>(*number);
    return std::in_range<T>(*number);
  }
  if (const auto* number = value.as<uint64_t>()) {
    item = static_cast<T>(*number);
    return std::in_range<T>(*number);
  }
  return false;
}

template <class T>
bool read_elements(const Value& value, std::vector<T>& items, std::string& bad) {
  const auto* array = value.as<Array>();
  if (array == nullptr) return false;
  items.resize(array->size());
  for (size_t i = 0; i < items.size(); ++i) {
    if (!read_value((*array)[i], items[i], bad)) return false;
  }
  return true;
}

template <class T>
bool read_members(const Value& value, std::map<std::string, T>& items, std::string& bad) {
  const auto* object = value.as<Object>();
  if (object == nullptr) return false;
  for (const auto& [key, member] : *object) {
    if (!read_value(member, items[key], bad)) return false;
  }
  return true;
}

template <class T>
bool read_plain(const Value& value, T& item) {
  const T* plain = value.as<T>();
  if (plain != nullptr) item = *plain;
  return plain != nullptr;
}

template <class T>
bool read_text(const Value& value, T& item) {
  const auto* text = value.as<std::string>();
  const auto parsed = text == nullptr ? std::nullopt : T::from_text(*text);
  if (parsed) item = *parsed;
  return parsed.has_value();
}

template <class T>
bool read_word(const Value& value, T& item) {
  const auto* text = value.as<std::string>();
  const auto known = text == nullptr ? std::nullopt : from_word<T>(*text);
  if (known) item = *known;
  return known.has_value();
}

template <class T>
bool read_value(const Value& value, T& item, std::string& bad) {
  if constexpr (std::is_same_v<T, Value>) {
    item = value;
    return true;
  } else if constexpr (TextLike<T>) {
    return read_text(value, item);
  } else if constexpr (HasWords<T>) {
    return read_word(value, item);
  } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string>) {
    return read_plain(value, item);
  } else if constexpr (std::is_integral_v<T>) {
    return read_integer(value, item);
  } else if constexpr (IsOptional<T>::value) {
    return read_value(value, item.emplace(), bad);
  } else if constexpr (IsVector<T>::value) {
    return read_elements(value, item, bad);
  } else if constexpr (IsStringMap<T>::value) {
    return read_members(value, item, bad);
  } else {
    if (value.as<Object>() == nullptr) return false;
    Reader reader(value, bad);
    describe(reader, item);
    return bad.empty();
  }
}

template <class T>
Result<T> from_value(const Value& value, const std::string& where) {
  T item{};
  std::string bad;
  if (!read_value(value, item, bad)) {
    return Error{ErrorKind::kMalformed, where,
                 "wrong type" + (bad.empty() ? "" : " at '" + bad + "'")};
  }
  return item;
}

}  // namespace efa
