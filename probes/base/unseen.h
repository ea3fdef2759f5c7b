// Why something could not be seen.
#pragma once

#include <string>
#include <utility>

#include "probes/base/result.h"

namespace efa {

// A fact that could not be read: the difference between "absent" and "unknown".
struct Unseen {
  std::string what;    // path or call
  std::string reason;  // the system's words
  int os_error = 0;
};

inline Unseen unseen_of(const Error& error) {
  return {error.where, error.what, error.os_error};
}
// Of what the error names less well: a list, where it is one file in it that cannot be read.
inline Unseen unseen_of(std::string what, const Error& error) {
  return {std::move(what), error.what, error.os_error};
}

template <class Io>
void describe(Io& io, Unseen& unseen) {
  io("what", unseen.what);
  io("reason", unseen.reason);
  io("os_error", unseen.os_error);
}

}  // namespace efa
