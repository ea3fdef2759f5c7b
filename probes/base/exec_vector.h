// Strings as execve(2) takes them.
#pragma once

#include <string>
#include <vector>

namespace efa {

// Valid as long as the strings are.
inline std::vector<char*> exec_vector(const std::vector<std::string>& strings) {
  std::vector<char*> array;
  array.reserve(strings.size() + 1);
  for (const std::string& string : strings) {
    array.push_back(const_cast<char*>(string.c_str()));  // NOLINT: execve(2) does not write
  }
  array.push_back(nullptr);
  return array;
}

}  // namespace efa
