// Why something could not be seen.
#pragma once

#include <string>

namespace efa {

// A fact that could not be read: the difference between "absent" and "unknown".
struct Unseen {
  std::string what;    // path or call
  std::string reason;  // the system's words
  int os_error = 0;
};

template <class Io>
void describe(Io& io, Unseen& unseen) {
  io("what", unseen.what);
  io("reason", unseen.reason);
  io("os_error", unseen.os_error);
}

}  // namespace efa
