// A tree of files in a directory that shows another machine. What cannot be written ends the
// program: a fixture that is not whole would prove nothing.
#pragma once

#include <string>

namespace efa {

class Tree {
 public:
  explicit Tree(std::string directory) : directory_(std::move(directory)) {}

  // Paths are absolute as on the machine that the tree shows; parents are made.
  void directory(const std::string& path) const;
  void file(const std::string& path, const std::string& text) const;
  // A relative link, as sysfs has them; the target need not exist yet.
  void link(const std::string& path, const std::string& target) const;
  void remove(const std::string& path) const;  // with all below; it must exist

  // Where that is on this machine.
  [[nodiscard]] std::string at(const std::string& path) const { return directory_ + path; }

 private:
  std::string directory_;
};

}  // namespace efa
