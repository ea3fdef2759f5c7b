// What a pass tells the daemon: the text of its health file, on its standard output. So the daemon
// knows what this very pass saw, also when no file could be written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "probes/base/fd.h"
#include "probes/base/value.h"

namespace efa {

// A file in memory that a child prints to: a pipe would hold a child up that prints much.
class ChildOutput {
 public:
  ChildOutput();

  [[nodiscard]] int fd() const { return file_.get(); }
  [[nodiscard]] std::string text() const;  // at most 256 KiB

 private:
  Fd file_;
};

struct Told {
  std::string verdict;
  std::string summary;
  std::string boot_id;
  int64_t sequence = 0;
  bool recovering = false;
  bool starting = false;
  Value health;  // the whole of it
};

// Nothing of a text that is no health file.
std::optional<Told> parse_told(const std::string& health);

}  // namespace efa
