// The ranks of a mesh meet as efa-doctor pair does: one is the server, the other its client.
#pragma once

#include <optional>
#include <string>

#include "agent/mesh/engine.h"
#include "agent/mesh/options.h"
#include "agent/pair/device_end.h"

namespace efa {

struct PairReport;

class PairEngine final : public MeshEngine {
 public:
  PairEngine(const PairGround& ground, const MeshOptions& options, std::string token)
      : ground_(ground), options_(options), token_(std::move(token)) {}

  Result<PairHello> hello() override;
  int serve(Fd listener) override;
  MeshOutcome test(const MeshOrder& order) override;

 private:
  const PairGround& ground_;
  const MeshOptions& options_;
  std::string token_;
  std::optional<PairHello> hello_;  // asked once: the metadata service has many to answer
};

// What the report of two nodes is in a mesh.
MeshOutcome outcome_of(const PairReport& report);

}  // namespace efa
