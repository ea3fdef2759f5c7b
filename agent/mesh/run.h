// The commands of the executable that moves data between nodes.
#pragma once

#include <functional>
#include <memory>

#include "agent/mesh/engine.h"
#include "agent/mesh/options.h"
#include "agent/pair/device_end.h"
#include "probes/data/library.h"

namespace efa {

// Of a mesh: how its ranks test each other.
using MakeEngine = std::function<std::unique_ptr<MeshEngine>(
    const PairGround& ground, const MeshOptions& options, const std::string& token)>;

// efa-doctor mesh. Returns the exit code: of rank 0 that of the verdict.
int run_mesh(const MeshOptions& options, DataLibrary& library, const MakeEngine& make_engine);
std::unique_ptr<MeshEngine> make_pair_engine(const PairGround& ground, const MeshOptions& options,
                                             const std::string& token);

// What the agent hands over: "pair" or "mesh", and the options as a JSON object.
int run_data_pair(int argc, char** argv, DataLibrary& library,
                  const MakeEngine& make_engine = make_pair_engine);

}  // namespace efa
