// The configuration that was last found right. Passes get it as an open file, so that a bad change
// on disk reaches none of them.
#pragma once

#include <string>

#include "agent/config/config.h"
#include "probes/base/fd.h"

namespace efa {

class AcceptedConfig {
 public:
  // On an error the old one stays.
  Result<Done> load(const std::string& path, bool required);

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] int fd() const { return file_.get(); }
  // For the command line of a child that has the file open.
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd()); }

 private:
  Config config_;
  Fd file_;
};

}  // namespace efa
