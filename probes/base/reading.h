// What was looked for: a value, that it is not there, or why that could not be seen. For what is
// judged also when it is absent: a judge asks this type, and no text of the reader's.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "probes/base/result.h"
#include "probes/base/unseen.h"

namespace efa {

template <class T>
class Reading {
 public:
  Reading() = default;               // absent
  Reading(std::nullopt_t /*no*/) {}  // NOLINT(google-explicit-constructor)
  template <std::convertible_to<T> U>
  Reading(U&& value)  // NOLINT(google-explicit-constructor,bugprone-forwarding-reference-overload)
      : content_(std::in_place_type<T>, std::forward<U>(value)) {}
  Reading(Unseen unseen) : content_(std::move(unseen)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const { return std::holds_alternative<T>(content_); }
  explicit operator bool() const { return has_value(); }
  // Why it could not be read; null of a value and of what is absent.
  [[nodiscard]] const Unseen* unreadable() const { return std::get_if<Unseen>(&content_); }

  // Only of a value.
  const T& operator*() const { return std::get<T>(content_); }
  T& operator*() { return std::get<T>(content_); }
  const T* operator->() const { return &std::get<T>(content_); }
  T* operator->() { return &std::get<T>(content_); }

  [[nodiscard]] T value_or(T fallback) const { return has_value() ? **this : std::move(fallback); }
  void reset() { content_ = std::monostate(); }

  template <class Other>
  friend bool operator==(const Reading& reading, const Other& value) {
    return reading.has_value() && *reading == value;
  }

 private:
  std::variant<std::monostate, T, Unseen> content_;
};

// What a look gave, of which "not found" is an answer.
template <class T>
Reading<T> reading_of(const Error& error) {
  if (error.kind == ErrorKind::kNotFound) return std::nullopt;
  return unseen_of(error);
}
template <class T>
Reading<T> reading_of(const Result<T>& seen) {
  return seen ? Reading<T>(*seen) : reading_of<T>(seen.error());
}

// In JSON a value is a member of that name, and why there is none one of that name with
// "_unreadable"; what is absent is neither.
template <class Io, class T>
void describe_reading(Io& io, const std::string& name, Reading<T>& reading) {
  std::optional<T> value;
  if (reading) value = *reading;
  std::optional<Unseen> unseen;
  if (reading.unreadable() != nullptr) unseen = *reading.unreadable();
  io(name.c_str(), value);
  io((name + "_unreadable").c_str(), unseen);
  if (value) {
    reading = std::move(*value);
  } else if (unseen) {
    reading = std::move(*unseen);
  }
}

}  // namespace efa
