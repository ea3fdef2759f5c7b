// How much the text of a node tells, from all of it down to the least that SSM keeps of the most
// broken one. Subjects, versions, titles and the like come from the machine and from sites: only a
// bound on each of them keeps the causes after it.
#pragma once

#include <cstddef>
#include <string_view>

#include "agent/report/page.h"

namespace efa {

inline constexpr size_t kUncut = std::string_view::npos;
inline constexpr size_t kMostOfLine = 400;  // a summary of ours has some 200
inline constexpr size_t kMostOfTitle = 96;  // ours have at most 82
inline constexpr size_t kMostOfWord = 64;   // the longest host name that Linux knows

struct Detail {
  size_t subjects = kMaxSubjects;  // of a cause
  size_t line = kUncut;            // bytes of a line about the node: its summary, what is set
  size_t title = kUncut;           // of a cause
  size_t word = kUncut;            // of a subject, a host name, a version
  size_t message = kUncut;         // of what was seen of a subject
  size_t remedy = kUncut;
  bool notes = true;      // of info, each with its fix; else their codes
  bool reasons = true;    // why something could not be looked at; else how many checks
  bool followers = true;  // what else fails because of a cause
  bool lost = true;       // which devices, at which rung
  size_t whole = kUncut;  // causes that have their title and commands; those after them a line
};

constexpr Detail bounded(Detail detail, size_t line = kMostOfLine) {
  detail.line = line;
  detail.title = kMostOfTitle;
  detail.word = kMostOfWord;
  return detail;
}

// Of each cause whom it is of, and how its fix begins.
constexpr Detail shortest(size_t message, size_t remedy, bool lost, size_t whole = kUncut,
                          size_t line = kMostOfLine) {
  return bounded({.subjects = 1,
                  .message = message,
                  .remedy = remedy,
                  .notes = false,
                  .reasons = false,
                  .followers = false,
                  .lost = lost,
                  .whole = whole},
                 line);
}

// The first that fits is taken.
inline constexpr Detail kDetails[] = {
    {},
    bounded({.notes = false}),
    bounded({.notes = false, .reasons = false}),
    bounded({.subjects = 3, .notes = false, .reasons = false}),
    bounded({.subjects = 1, .message = 160, .notes = false, .reasons = false, .followers = false}),
    shortest(80, 240, /*lost=*/true),
    shortest(80, 160, /*lost=*/true),
    shortest(48, 120, /*lost=*/true),
    shortest(48, 120, /*lost=*/false),
    shortest(0, 100, /*lost=*/false),
    shortest(48, 100, /*lost=*/false, /*whole=*/5),
    shortest(48, 100, /*lost=*/false, /*whole=*/3),
    shortest(0, 80, /*lost=*/false, /*whole=*/1),
    shortest(0, 80, /*lost=*/false, /*whole=*/0, /*line=*/120),
    shortest(0, 64, /*lost=*/false, /*whole=*/0, /*line=*/80),
};

}  // namespace efa
