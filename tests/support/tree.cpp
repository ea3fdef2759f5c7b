#include "tests/support/tree.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace efa {
namespace {

namespace fs = std::filesystem;

void demand(bool done, const std::string& path) {
  if (done) return;
  std::fprintf(stderr, "cannot write %s\n", path.c_str());
  std::abort();
}

void make_parent(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  demand(!error, path.string());
}

}  // namespace

void Tree::directory(const std::string& path) const {
  make_parent(at(path) + "/.");
}

void Tree::file(const std::string& path, const std::string& text) const {
  make_parent(at(path));
  std::ofstream out(at(path), std::ios::binary);
  out << text;
  demand(out.good(), at(path));
}

void Tree::link(const std::string& path, const std::string& target) const {
  make_parent(at(path));
  // sysfs always ends with the target's own name, even where "../.." would do
  const fs::path up =
      fs::path(target).parent_path().lexically_relative(fs::path(path).parent_path());
  const fs::path relative = up / fs::path(target).filename();
  std::error_code error;
  fs::create_symlink(relative, at(path), error);
  demand(!error, at(path));
}

void Tree::remove(const std::string& path) const {
  std::error_code error;
  demand(fs::remove_all(at(path), error) > 0 && !error, at(path));
}

}  // namespace efa
