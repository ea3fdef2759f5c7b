// The words in which a judge speaks: checks (what can be wrong), findings (what was seen of it).
// A check's code is API: never renamed, never reused. Meaning of the words: README, "The checks".
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

// The codes of other checks that, when they fail too, explain this one: that they exist is asserted
// where the catalogue is put together.
struct Causes {
  std::string_view codes[16];

  [[nodiscard]] constexpr const std::string_view* begin() const { return std::begin(codes); }
  [[nodiscard]] constexpr const std::string_view* end() const {
    return std::find(std::begin(codes), std::end(codes), std::string_view());
  }
};

// What can be wrong. A probe's are the rows of its checks.h; a finding of a site's own probe brings
// one of its own.
struct Check {
  std::string_view code;
  Severity severity = Severity::kWarning;
  Actor actor = Actor::kNodeOperator;
  Rung rung = Rung::kNone;        // a device for which this check fails does not reach that rung
  bool may_come_late = false;     // while the node starts, failing means no more than "not yet"
  bool takes_neighbours = false;  // as a cause: libfabric then lists no device of the node
  std::string_view title = {};    // what is wrong, in a few words
  std::string_view meaning = {};  // what it means for a job
  std::string_view seen_by = {};  // what is read, and which value says so
  std::string_view remedy = {};   // who does what
  std::string_view command = {};  // to paste; "" when there is none
  bool drain_first = false;       // the remedy ends jobs, also those on healthy devices
  bool takes_installer = false;   // the remedy runs the EFA installer, the command does not
  // where command and remedy do not apply, the remedy that does: in a container that of its
  // description; on Bottlerocket, which has no packages and keeps no files, that of its settings;
  // in EKS Auto Mode, where nobody changes a node, that of the cluster; on SUSE, for which the EFA
  // installer has no driver, that of its own kernel
  std::string_view in_container = {};
  std::string_view on_bottlerocket = {};
  std::string_view in_auto_mode = {};
  std::string_view on_suse = {};
  Causes causes = {};
};

enum class FindingResult { kPass, kFail, kUnknown, kNotApplicable };

// What is to be pasted for one subject. For several it is one loop (probes/judging/remedy.h).
struct ShellCommand {
  std::string text;  // "{}" in it stands for `of`
  std::string of;    // words that a shell takes as they are; "" where nothing is to be filled in
  std::string_view installer = {};  // the first EFA installer that is enough; "": any
};

struct Evidence {
  std::string observed;
  std::string expected;
  std::string source;  // the file, call or address that was asked
};

inline constexpr const char* kNodeSubject = "node";  // the subject of a finding of the whole node

struct Finding {
  std::shared_ptr<const Check> check;  // owned when it is a site's; never null
  FindingResult result = FindingResult::kUnknown;
  std::string subject;  // a PCI address, a service, a library, or "node"
  std::string message;
  Evidence evidence;
  ShellCommand command;      // a judge's, when it must name the subject; complete_remedies
  std::string remedy;        // where that of its check does not apply
  bool drain_first = false;  // what is to be done ends jobs
  std::vector<std::string_view> not_by;  // of its check's causes those that are not why, here
  std::string explained_by;              // the code of the root cause; "" when it is one itself
  std::string configured;  // what [checks] makes of its check: "off", "info"; "" when nothing
  // of a failing one, from earlier passes of this boot:
  std::optional<int64_t> since_ms;  // Unix time
  int64_t times = 1;                // that it began to fail

  [[nodiscard]] std::string_view remedy_text() const {
    return remedy.empty() ? check->remedy : std::string_view(remedy);
  }
};

// For a finding: a row of the catalogue, which outlives it.
inline std::shared_ptr<const Check> row_of(const Check& check) {
  return {std::shared_ptr<const Check>(), &check};
}

// For a finding: a check that weighs something else on this node. The texts of one that a site's
// own finding brought are kept with it.
inline std::shared_ptr<const Check> weighed(const std::shared_ptr<const Check>& base,
                                            Severity severity) {
  if (base->severity == severity) return base;
  struct Weighed {
    std::shared_ptr<const Check> base;
    Check check;
  };
  auto weighed = std::make_shared<Weighed>(Weighed{base, *base});
  weighed->check.severity = severity;
  return {weighed, &weighed->check};
}

// For a finding: a check of a site's own, with the texts that it points to.
inline std::shared_ptr<const Check> own_check(std::string code, Severity severity,
                                              std::string title = "", std::string remedy = "") {
  struct Owned {
    std::string code;
    std::string title;
    std::string remedy;
    Check check;
  };
  auto owned =
      std::make_shared<Owned>(Owned{std::move(code), std::move(title), std::move(remedy), Check{}});
  owned->check = {
      .code = owned->code, .severity = severity, .title = owned->title, .remedy = owned->remedy};
  return {owned, &owned->check};
}

}  // namespace efa
