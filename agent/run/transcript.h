// What a probe's process printed, taken line by line and never trusted: JSON lines as
// probes/protocol/emitter.h describes them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/base/process.h"
#include "probes/base/value.h"
#include "probes/judging/site_probe.h"

namespace efa {

// What may be taken of a process, or of all processes of a pass together. It is used up.
struct Allowance {
  size_t output;  // bytes of all lines
  size_t facts;   // bytes of facts and findings, which are held several times
  size_t values;  // in them: "[]," is 3 bytes here and 40 in memory
};

constexpr size_t kMiB = size_t{1024} * 1024;
// a probe of a p5.48xlarge says 50 KiB and 3,000 values, and reads 0.5 MiB
constexpr Allowance kAllowance{8 * kMiB, 2 * kMiB, 30'000};
constexpr Allowance kAllowanceOfAll{32 * kMiB, 6 * kMiB, 60'000};
constexpr Allowance kSiteAllowance{kMiB, kMiB / 2, 10'000};  // of a site's own probe
constexpr Allowance kSiteAllowanceOfAll{4 * kMiB, 2 * kMiB, 20'000};

class Transcript {
 public:
  static constexpr size_t kMaxOutput = kAllowance.output;
  static constexpr size_t kMaxLine = 1 * kMiB;
  static constexpr size_t kMaxFacts = 256;  // names of facts; our largest probe has 30
  static constexpr size_t kMaxLeft = 256;   // processes that could not be killed

  Transcript() : Transcript(kAllowance) {}
  explicit Transcript(Allowance allowance, std::shared_ptr<Allowance> of_all = nullptr)
      : allowance_(allowance), left_over_(allowance), of_all_(std::move(of_all)) {}

  // Each fact is given away as it comes, with its name, and not kept: for what would be too much.
  using TakeFact = std::function<void(const std::string& name, const Value& fact)>;
  void give_to(TakeFact take) { take_ = std::move(take); }
  // It is a site's own probe: what it says is kept without the credentials in it, and of files that
  // were read or of processes that are left it may not tell.
  void is_of_site() { of_site_ = true; }
  // Takes what was read; false when the output breaks a bound or the protocol: then it is cut off.
  bool take(std::string_view bytes);
  // What a recording has of it, where the runner's own notes stand with the rest.
  bool take_recorded(std::string_view lines);

  // The process itself is left behind, of which its recording need not know.
  void leave(ProcessIdentity process) { left_.push_back(std::move(process)); }
  // The runner's notes, which go into a recording: a process of the probe that could not be killed,
  // and the commands of those that outlived it and were.
  void note_left(ProcessIdentity process);
  void note_left_behind(const std::vector<std::string>& commands);

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const std::string& step() const { return step_; }
  [[nodiscard]] const std::string& subject() const { return subject_; }
  [[nodiscard]] const std::string& broken() const { return broken_; }  // why it was cut off, or ""
  [[nodiscard]] const Value& facts() const { return facts_; }
  [[nodiscard]] const Array& findings() const { return findings_; }  // of a site's own probe
  [[nodiscard]] const std::vector<ProcessIdentity>& left() const { return left_; }
  [[nodiscard]] const std::string& looks() const { return looks_; }  // JSON lines for a recording
  [[nodiscard]] const std::string& said() const { return said_; }    // all other lines

 private:
  bool take_line(const std::string& line);
  bool take_words(Value& line, size_t bytes);
  bool take_fact(Value& line, size_t bytes);
  bool take_left(const Value& left);
  bool spend(size_t Allowance::*what, size_t amount, const char* words);
  bool breaks(const std::string& why);
  void say(const char* what, Value value);

  Allowance allowance_;
  Allowance left_over_;
  std::shared_ptr<Allowance> of_all_;
  std::string unread_;
  size_t lines_ = 0;
  TakeFact take_;
  bool of_site_ = false;
  bool recorded_ = false;
  bool done_ = false;
  std::string step_;
  std::string subject_;
  std::string broken_;
  Value facts_ = Object{};
  Array findings_;
  std::vector<ProcessIdentity> left_;
  std::string looks_;
  std::string said_;
};

// What all processes of a pass may still say together: ours, and those of the site's own probes.
struct Allowances {
  std::shared_ptr<Allowance> own = std::make_shared<Allowance>(kAllowanceOfAll);
  std::shared_ptr<Allowance> site = std::make_shared<Allowance>(kSiteAllowanceOfAll);

  [[nodiscard]] Transcript transcript_for(std::string_view probe) const {
    if (!is_site_probe(probe)) return Transcript(kAllowance, own);
    Transcript transcript(kSiteAllowance, site);
    transcript.is_of_site();
    return transcript;
  }
};

}  // namespace efa
