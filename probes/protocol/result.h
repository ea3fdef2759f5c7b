// Errors are values. Every function of ours that can fail returns a Result<T>; nothing of ours
// throws across a function boundary. `where` is the path or the call, `what` the reason in words,
// `os_error` the errno when the system gave one (else 0).
#pragma once

#include <cassert>
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
    assert(!ok());
    return *std::get_if<Error>(&content_);
  }
  [[nodiscard]] T value_or(T fallback) const { return ok() ? value() : std::move(fallback); }

 private:
  const T& value() const {
    assert(ok());
    return *std::get_if<T>(&content_);
  }
  T& value() {
    assert(ok());
    return *std::get_if<T>(&content_);
  }
  std::variant<T, Error> content_;
};

struct Done {};  // the T of a Result that carries no value

// The error of a failed system call, its kind taken from errno.
Error system_error(int os_error, std::string where);

}  // namespace efa
