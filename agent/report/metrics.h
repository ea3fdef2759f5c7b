// Metrics in the Prometheus text exposition format 0.0.4.
#pragma once

#include <map>
#include <string>

namespace efa {

class Metrics {
 public:
  // What follows are samples of it.
  void family(const std::string& name, const std::string& type, const std::string& help);
  void sample(const std::map<std::string, std::string>& labels, const std::string& value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace efa
