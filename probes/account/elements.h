// What the answers of AWS's APIs are made of, within bounds: an element that is missing, longer
// than its kind has, or not made of what it is made of, was not told.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/aws/xml.h"
#include "probes/base/result.h"

namespace efa {

inline constexpr size_t kLongestWord = 256;
inline constexpr size_t kLongestArn = 2048;
inline constexpr size_t kLongestToken = 4096;
inline constexpr size_t kMostItems = 10'000;  // of one page: 1,000 is the most that is asked for

// Ids, types, zones: no blank and nothing that a terminal acts on.
std::optional<std::string> word_of(std::string_view text, size_t longest = kLongestWord);
std::optional<std::string> word_in(const XmlElement& parent, std::string_view name,
                                   size_t longest = kLongestWord);
// What people name.
std::optional<std::string> name_in(const XmlElement& parent, std::string_view name);
std::optional<int> number_in(const XmlElement& parent, std::string_view name);
std::optional<bool> truth_in(const XmlElement& parent, std::string_view name);

// The answer to an action, when it is that, with the part that it has also when that is empty.
Result<XmlElement> answer_of(const std::string& body, const std::string& action, const char* part);

}  // namespace efa
