// Tests of two nodes as a file says that they end, for meshes that one machine could not have: the
// ranks, their connections and all that is judged are real.
//
// PLAYED_MESH   the file, a PlayedMesh in JSON; without it ranks test each other as efa-doctor does
#pragma once

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <thread>

#include "agent/mesh/place.h"
#include "agent/mesh/run.h"
#include "probes/base/describe.h"

namespace efa {

struct PlayedMesh {
  std::vector<int> dead;  // with nobody
  std::vector<int> slow;
  std::vector<int> ends;             // their process is killed in their first test
  std::vector<int> busy;             // could not be tested
  std::vector<std::string> zones;    // of each rank; those of others do not reach each other
  std::vector<std::string> drivers;  // likewise
  std::vector<std::string> sides;    // likewise, and nobody tells
};

template <class Io>
void describe(Io& io, PlayedMesh& played) {
  io("dead", played.dead);
  io("slow", played.slow);
  io("ends", played.ends);
  io("busy", played.busy);
  io("zones", played.zones);
  io("drivers", played.drivers);
  io("sides", played.sides);
}

class PlayedEngine final : public MeshEngine {
 public:
  PlayedEngine(PlayedMesh played, int rank) : played_(std::move(played)), rank_(rank) {}

  Result<PairHello> hello() override {
    PairHello hello{.agent = "0"};
    hello.instance_type = "p5.48xlarge";
    hello.devices.resize(32);
    hello.zone_id = value_of(played_.zones, rank_);
    hello.driver = value_of(played_.drivers, rank_);
    return hello;
  }

  int serve(Fd) override {
    while (true) pause();
  }

  MeshOutcome test(const MeshOrder& order) override {
    constexpr double kRate = 9e10;
    if (has(played_.ends, rank_)) kill(getppid(), SIGKILL);
    if (has(played_.busy, rank_) || has(played_.busy, order.peer)) {
      return {.code = "pair.in-use", .words = "in use by PID 7"};
    }
    MeshOutcome outcome{.result = MeshResult::kWorks, .works = 32, .pairs = 32};
    outcome.rate = has(played_.slow, rank_) || has(played_.slow, order.peer) ? kRate / 2 : kRate;
    if (!reach(order.peer)) {
      outcome = {MeshResult::kFails, "pair.unreachable", "vendor_err 13", 0, 32, std::nullopt};
    }
    return outcome;
  }

 private:
  static bool has(const std::vector<int>& ranks, int rank) {
    return std::find(ranks.begin(), ranks.end(), rank) != ranks.end();
  }
  static std::optional<std::string> value_of(const std::vector<std::string>& values, int rank) {
    const auto at = static_cast<size_t>(rank);
    return at < values.size() ? std::optional(values[at]) : std::nullopt;
  }

  [[nodiscard]] bool reach(int peer) const {
    const auto same = [&](const std::vector<std::string>& values) {
      return value_of(values, rank_) == value_of(values, peer);
    };
    return !has(played_.dead, rank_) && !has(played_.dead, peer) && same(played_.zones) &&
           same(played_.drivers) && same(played_.sides);
  }

  PlayedMesh played_;
  int rank_;
};

inline std::unique_ptr<MeshEngine> make_played_engine(const PairGround& ground,
                                                      const MeshOptions& options,
                                                      const std::string& token) {
  const char* path = std::getenv("PLAYED_MESH");
  if (path == nullptr) return make_pair_engine(ground, options, token);
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  const Result<Value> value = parse_json(text.str(), path);
  const Result<PlayedMesh> played =
      value ? from_value<PlayedMesh>(*value, path) : Result<PlayedMesh>(value.error());
  const auto variable = [](const char* name) {
    const char* found = std::getenv(name);
    return found == nullptr ? std::nullopt : std::optional<std::string>(found);
  };
  const Result<MeshPlace> place = find_place(options, variable, "host");
  if (!played || !place) return nullptr;
  return std::make_unique<PlayedEngine>(*played, place->rank);
}

}  // namespace efa
