// The test of one pair of devices, led by the client: what is asked of both ends in which order,
// and what each answered. What that means is judged elsewhere.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/pair/ends.h"
#include "agent/pair/protocol.h"

namespace efa {

struct PairFigure {
  uint64_t bytes = 0;
  std::optional<PairLatency> latency;  // of what one message can hold
  std::string way;                     // of the bandwidth: "write", "read", "send"; "": not taken
  std::optional<double> rate;          // bits a second
  std::string why_not;                 // there is none
  std::optional<int64_t> pingpong_ns;  // half a round trip of fi_pingpong's
};

enum class PairSide { kOwn, kOther };  // of who leads, and of the other node

// The step that ended the test.
struct PairBreak {
  PairSide side = PairSide::kOwn;
  PairAnswer answer;
};

// By which of its libfabrics each end uses its device.
struct PairCopies {
  int own = kNoCopy;
  int other = kNoCopy;
  std::string file;  // of the own one; "": both use libibverbs
  std::string other_file;
};

struct PairRail {
  PairDevice own;
  PairDevice other;
  PairCopies copies;
  uint64_t registered = 0;  // bytes that each end registers
  PairAnswer own_setup;
  PairAnswer other_setup;
  std::optional<PairBreak> broken;
  uint64_t passed = 0;   // messages that had arrived, of either way
  bool differs = false;  // other bytes lay there than were sent
  std::vector<PairFigure> figures;
  std::string not_compared;  // why one has none of fi_pingpong's
  // what the counters grew by; empty where they were not seen before and after
  std::map<std::string, uint64_t> own_grew;
  std::map<std::string, uint64_t> other_grew;
};

// Which device meets which: those of one rail; where each end has chosen one, these two.
std::vector<std::pair<PairDevice, PairDevice>> rails_of(const std::vector<PairDevice>& own,
                                                        const std::vector<PairDevice>& other);

struct PairPlan {
  std::vector<uint64_t> sizes;
  int64_t ms = 2000;  // for the figures of each pair of devices
  bool verbs = true;
  bool libfabric = false;
  bool compare = false;
  size_t failures = SIZE_MAX;  // after so many pairs of devices that fail no more are tested
};

PairRail test_rail(PairEnd& own, PairEnd& other, const std::pair<PairDevice, PairDevice>& devices,
                   const PairPlan& plan, const PairCopies& copies = {});

// The largest that has a bandwidth, or null.
const PairFigure* rate_figure(const PairRail& rail);
std::optional<double> best_rate(const PairRail& rail);  // its

}  // namespace efa
