// Time as a client of a service sees it, so that tests need not wait.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace efa {

struct Clock {
  std::function<int64_t()> unix_ms;                 // what the node believes
  std::function<int64_t()> steady_ms;               // since boot; nobody sets it
  std::function<void(int64_t milliseconds)> sleep;  // may end early
  std::function<bool()> stopped;                    // asked to end
  std::string boot_id;                              // of steady_ms; "": not known
};

}  // namespace efa
