#include "tests/support/expected_file.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

namespace efa {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// Each line of `these` that is not among `those`, after the sign.
std::string lacking(const char* sign, const std::vector<std::string>& these,
                    const std::vector<std::string>& those) {
  std::vector<std::string> lines;
  std::set_difference(these.begin(), these.end(), those.begin(), those.end(),
                      std::back_inserter(lines));
  std::string text;
  for (const std::string& line : lines) text += "\n" + (sign + line);
  return text;
}

}  // namespace

testing::AssertionResult is_as_in(const std::string& path, const std::string& text) {
  if (std::getenv("UPDATE_EXPECTED") != nullptr) std::ofstream(path) << text;
  const std::string expected = text_of(path);
  if (text == expected) return testing::AssertionSuccess();
  const auto before = sorted_lines(expected);
  const auto now = sorted_lines(text);
  const std::string changed = lacking("- ", before, now) + lacking("+ ", now, before);
  return testing::AssertionFailure()
         << path << " differs (UPDATE_EXPECTED=1 rewrites it)"
         << (changed.empty() ? ": its lines have another order" : changed);
}

}  // namespace efa
