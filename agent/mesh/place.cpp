#include "agent/mesh/place.h"

#include <fmt/core.h>

#include "agent/mesh/host_list.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr const char* kMesh = "mesh";

struct Launcher {
  const char* rank;
  const char* ranks;
};
// the first that is there; of Slurm's those of a step: a batch script has a rank, too, and is none
constexpr Launcher kSrun{"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"};
constexpr Launcher kLaunchers[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
                                   kSrun,
                                   {"PMI_RANK", "PMI_SIZE"},
                                   {"JOB_COMPLETION_INDEX", "EFA_DOCTOR_MESH_RANKS"}};

std::optional<int64_t> number_of(const Variables& variables, const char* name) {
  const std::optional<std::string> text = variables(name);
  return text ? parse_number<int64_t>(*text) : std::nullopt;
}

const Launcher* find_launcher(const Variables& variables) {
  for (const Launcher& launcher : kLaunchers) {
    if (number_of(variables, launcher.rank) && number_of(variables, launcher.ranks)) {
      return &launcher;
    }
  }
  return nullptr;
}

class PlaceFinder {
 public:
  PlaceFinder(const MeshOptions& options, const Variables& variables)
      : options_(options), variables_(variables), launcher_(find_launcher(variables)) {}

  Result<MeshPlace> find(const std::string& host) {
    const Result<Done> numbered = take_numbers();
    if (!numbered) return numbered.error();
    const Result<Done> named = take_names(host);
    if (!named) return named.error();
    place_.leader = options_.leader;
    if (place_.leader.empty()) place_.leader = variables_("EFA_DOCTOR_MESH_LEADER").value_or("");
    if (place_.leader.empty() && !place_.names.empty()) place_.leader = place_.names[0];
    if (place_.leader.empty() && place_.rank == 0) place_.leader = host;
    if (place_.leader.empty()) {
      return malformed(kMesh, "where is rank 0? Say so with --leader HOST");
    }
    return std::move(place_);
  }

 private:
  Result<Done> take_numbers() {
    std::optional<int64_t> rank = options_.rank;
    std::optional<int64_t> ranks = options_.ranks;
    if (launcher_ != nullptr && !rank) rank = number_of(variables_, launcher_->rank);
    if (launcher_ != nullptr && !ranks) ranks = number_of(variables_, launcher_->ranks);
    if (!rank) rank = number_of(variables_, "JOB_COMPLETION_INDEX");
    if (!rank || !ranks) {
      return malformed(kMesh,
                       variables_("SLURM_JOB_ID")
                           ? "start it on every node by srun: it was started once only"
                           : "which rank of how many is this? Start it by srun, mpirun or an "
                             "Indexed Job, or say --rank and --ranks");
    }
    if (*ranks < 2 || *ranks > kMostRanks) {
      return malformed(kMesh, fmt::format("{} ranks: it takes 2 to {}", *ranks, kMostRanks));
    }
    if (*rank < 0 || *rank >= *ranks) {
      return malformed(kMesh, fmt::format("rank {} is none of {}", *rank, *ranks));
    }
    place_.rank = static_cast<int>(*rank);
    place_.ranks = static_cast<int>(*ranks);
    return Done{};
  }

  // srun gives tasks to nodes in the order of its list, where each has one.
  Result<Done> take_names(const std::string& host) {
    place_.name = host;
    if (launcher_ == nullptr || launcher_->rank != kSrun.rank) return Done{};
    place_.name = variables_("SLURMD_NODENAME").value_or(host);
    const auto nodes = number_of(variables_, "SLURM_STEP_NUM_NODES");
    if (nodes && *nodes != place_.ranks) {
      return malformed(kMesh, fmt::format("{} tasks on {} nodes: start one on each, by "
                                          "srun --ntasks-per-node=1",
                                          place_.ranks, *nodes));
    }
    const auto list = variables_("SLURM_STEP_NODELIST");
    if (!list) return Done{};
    const Result<std::vector<std::string>> names = parse_host_list(*list);
    if (names && names->size() == static_cast<size_t>(place_.ranks)) place_.names = *names;
    return Done{};
  }

  const MeshOptions& options_;
  const Variables& variables_;
  const Launcher* launcher_;
  MeshPlace place_;
};

}  // namespace

Result<MeshPlace> find_place(const MeshOptions& options, const Variables& variables,
                             const std::string& host) {
  return PlaceFinder(options, variables).find(host);
}

}  // namespace efa
