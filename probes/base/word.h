// The words of an enum in one table, which serves both ways; describe() reads and writes by it:
//
//   enum class Way { kOpen, kClosed };
//   template <>
//   struct Words<Way> {
//     static constexpr EnumWord<Way> kTable[] = {{Way::kOpen, "open"}, {Way::kClosed, "closed"}};
//   };
//
// A row for each value, in the order of the enum.
#pragma once

#include <cassert>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace efa {

template <class E>
struct EnumWord {
  E value;
  const char* text;
};

template <class E>
struct Words;

template <class E>
concept HasWords = std::is_enum_v<E> && requires {
  Words<E>::kTable[0].text;
};

template <HasWords E>
constexpr bool is_in_order_of_enum() {
  size_t place = 0;
  for (const EnumWord<E>& row : Words<E>::kTable) {
    if (static_cast<size_t>(row.value) != place++) return false;
  }
  return true;
}

template <HasWords E>
constexpr const char* word_of(E value) {
  static_assert(is_in_order_of_enum<E>());
  const auto place = static_cast<size_t>(value);
  assert(place < std::size(Words<E>::kTable));
  return Words<E>::kTable[place].text;
}

// Nothing for a word that is none of them.
template <HasWords E>
constexpr std::optional<E> from_word(std::string_view text) {
  for (const EnumWord<E>& row : Words<E>::kTable) {
    if (text == row.text) return row.value;
  }
  return std::nullopt;
}

template <HasWords E>
std::vector<std::string> words_of_enum() {
  std::vector<std::string> words;
  for (const EnumWord<E>& row : Words<E>::kTable) words.emplace_back(row.text);
  return words;
}

}  // namespace efa
