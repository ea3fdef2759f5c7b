// Small parsers of text that several probes need. None allocates more than its input.
#pragma once

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace efa {

std::string_view trim(std::string_view text);
std::string_view trim_end(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
// The words between white space.
std::vector<std::string> words(std::string_view text);
// What follows the last '/'.
std::string base_name(std::string_view path);
// Of ASCII letters, whatever the locale.
bool is_digit(char c);
bool is_alnum(char c);
// Of such letters and digits, and of characters of `more`.
bool is_made_of(std::string_view text, std::string_view more = "");
std::string lower_case(std::string_view text);
// Without spaces and control characters.
bool is_visible_ascii(std::string_view text);
// Is it one of a table's words?
template <class Words>
bool is_one_of(std::string_view word, const Words& words) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

bool is_utf8(std::string_view text);
// Bytes that are no UTF-8 become '?'.
std::string make_utf8(std::string_view text);
std::string to_hex(std::string_view bytes);
std::string from_hex(std::string_view hex);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
// With `to` wherever `from` was.
std::string replaced(std::string text, std::string_view from, std::string_view to);

// A whole decimal number, or with base 16 a hexadecimal one with or without "0x"; else nothing.
template <class T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  text = trim(text);
  if (base == 16 && text.starts_with("0x")) text.remove_prefix(2);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace efa
