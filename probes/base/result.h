// Errors are values. Every function of ours that can fail returns a Result<T>; nothing of ours
// throws across a function boundary. `where` is the path or the call, `what` the reason in words,
// `os_error` the errno when the system gave one (else 0). Who takes from a result what it does not
// hold ends the process, in a release too: what followed would be made up.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

namespace efa {

enum class ErrorKind { kNotFound, kDenied, kMalformed, kTooLarge, kTimedOut, kInputOutput };

struct Error {
  ErrorKind kind = ErrorKind::kInputOutput;
  std::string where;
  std::string what;
  int os_error = 0;
};

// The words for a person: "where: what".
inline std::string message_of(const Error& error) {
  return error.where + ": " + error.what;
}

namespace detail {

[[noreturn]] inline void end_for_use_of(const Error& error) {
  std::fprintf(stderr, "internal error: a value was taken that there is not: %s\n",
               message_of(error).c_str());
  std::abort();
}

[[noreturn]] inline void end_for_missing_error() {
  std::fprintf(stderr, "internal error: an error was taken where there is a value\n");
  std::abort();
}

}  // namespace detail

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : content_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(content_); }
  explicit operator bool() const { return ok(); }
  const T& operator*() const { return value(); }
  T& operator*() { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }
  [[nodiscard]] const Error& error() const {
    const auto* error = std::get_if<Error>(&content_);
    if (error == nullptr) detail::end_for_missing_error();
    return *error;
  }
  [[nodiscard]] T value_or(T fallback) const { return ok() ? value() : std::move(fallback); }

 private:
  const T& value() const {
    const auto* value = std::get_if<T>(&content_);
    if (value == nullptr) detail::end_for_use_of(error());
    return *value;
  }
  T& value() {
    auto* value = std::get_if<T>(&content_);
    if (value == nullptr) detail::end_for_use_of(error());
    return *value;
  }
  std::variant<T, Error> content_;
};

struct Done {};  // the T of a Result that carries no value

// What is not as it must be.
inline Error malformed(std::string where, std::string what) {
  return {ErrorKind::kMalformed, std::move(where), std::move(what)};
}

// The error of a failed system call, its kind taken from errno.
Error system_error(int os_error, std::string where);

}  // namespace efa
