// Which rank of how many this process is, and where rank 0 is, as what started it tells: srun(1)
// ("OUTPUT ENVIRONMENT VARIABLES"), a Kubernetes Indexed Job (JOB_COMPLETION_INDEX), Open MPI's
// mpirun (OMPI_COMM_WORLD_RANK), MPICH's and Intel MPI's (PMI_RANK). Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/mesh/options.h"
#include "probes/base/result.h"

namespace efa {

struct MeshPlace {
  int rank = 0;
  int ranks = 0;
  std::string leader;              // host of rank 0
  std::string name;                // of this node
  std::vector<std::string> names;  // of the nodes of all ranks; empty: not known beforehand
};

// A variable of the environment.
using Variables = std::function<std::optional<std::string>(const char* name)>;

// What the options say comes first. `host`: of this machine.
Result<MeshPlace> find_place(const MeshOptions& options, const Variables& variables,
                             const std::string& host);

}  // namespace efa
