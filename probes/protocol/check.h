// The words in which a judge speaks: checks (what can be wrong), findings (what was seen of it).
// A check's code is API: never renamed, never reused. Meaning of the words: README, "The checks".
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace efa {

enum class Severity { kCritical, kWarning, kInfo };
enum class Actor { kNodeOperator, kImageOwner, kAccountOwner, kJobOwner, kAwsSupport };

// The rungs of the ladder that every device climbs; the order is that of the ladder.
enum class Rung {
  kNone,
  kExpected,
  kAttached,
  kPci,
  kDriver,
  kRdma,
  kNode,
  kVerbs,
  kFabric,
  kData
};

// The codes of other checks that, when they fail too, explain this one.
struct Causes {
  const char* codes[12];

  [[nodiscard]] constexpr const char* const* begin() const { return std::begin(codes); }
  [[nodiscard]] constexpr const char* const* end() const {
    return std::find(std::begin(codes), std::end(codes), nullptr);
  }
};

struct Check {
  const char* code;
  Severity severity;
  Actor actor;
  Rung rung;            // a device for which this check fails does not reach that rung
  const char* title;    // what is wrong, in a few words
  const char* meaning;  // what it means for a job
  const char* seen_by;  // what is read, and which value says so
  const char* remedy;   // who does what
  const char* command;  // to paste; "" when there is none
  Causes causes;
};

enum class FindingResult { kPass, kFail, kUnknown, kNotApplicable };

struct Evidence {
  std::string observed;
  std::string expected;
  std::string source;  // the file, call or address that was asked
};

inline constexpr const char* kNodeSubject = "node";  // the subject of a finding of the whole node

struct Finding {
  std::string code;
  FindingResult result = FindingResult::kUnknown;
  std::string subject;  // a PCI address, a service, a library, or "node"
  std::string message;
  Evidence evidence;
  std::string explained_by;  // the code of the root cause; "" when it is one itself
  std::string command;       // a judge's, when it must name the subject; else the catalogue's
  // from the catalogue, or as a site's own probe says:
  Severity severity = Severity::kWarning;
  Actor actor = Actor::kNodeOperator;
  std::string title;
  std::string remedy;
  // of a failing one, from earlier passes of this boot:
  std::optional<int64_t> since_ms;  // Unix time
  int64_t times = 1;                // that it began to fail
};

// A fact that could not be read: the difference between "absent" and "unknown".
struct Unseen {
  std::string what;    // path or call
  std::string reason;  // the system's words
  int os_error = 0;
};

template <class Io>
void describe(Io& io, Unseen& unseen) {
  io("what", unseen.what);
  io("reason", unseen.reason);
  io("os_error", unseen.os_error);
}

}  // namespace efa
