#include "agent/mesh/run.h"

#include <sys/resource.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdlib>
#include <random>

#include "agent/log/log.h"
#include "agent/mesh/leader.h"
#include "agent/mesh/member.h"
#include "agent/mesh/pair_engine.h"
#include "agent/mesh/report.h"
#include "agent/pair/connect.h"
#include "agent/pair/proof.h"
#include "agent/pair/run.h"
#include "agent/report/output.h"
#include "probes/base/child.h"
#include "probes/base/exit_codes.h"
#include "probes/base/moment.h"
#include "probes/base/private_memory.h"

namespace efa {
namespace {

constexpr const char* kTokenVariable = "EFA_DOCTOR_MESH_TOKEN";

int usage(const Error& error) {
  log_error("{}", message_of(error));
  return kExitUsage;
}

std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// All ranks get the same: a file, or a variable that the launcher passes on. No child sees it.
Result<std::string> take_token(const MeshOptions& options) {
  if (!options.pair.token_file.empty()) return read_token(options.pair.token_file);
  const std::optional<std::string> token = variable(kTokenVariable);
  unsetenv(kTokenVariable);
  if (token) return parse_token(*token, kTokenVariable);
  return malformed(kTokenVariable, "all ranks must know one token: set it, or say --token-file");
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = "";
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

// A connection of each rank.
Result<Done> allow_files(int ranks) {
  constexpr rlim_t kOthers = 128;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t needed = static_cast<rlim_t>(ranks) + kOthers;
  if (limit.rlim_cur >= needed) return Done{};
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  if (limit.rlim_cur < needed || setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return malformed("mesh",
                     "rank 0 may not open a file for each rank: raise its limit (ulimit -n)");
  }
  return Done{};
}

std::string rendered(const MeshOptions& options, const MeshReport& report) {
  const OutputFormat format = options.pair.format;
  if (format == OutputFormat::kJson) return render_json(mesh_value(report), 1) + "\n";
  if (format == OutputFormat::kSvg) return render_mesh_svg(report);
  return render_mesh_text(report, style_of(options.pair.output));
}

// The rank that leads takes part like the others, in a process of its own.
int run_leader(const MeshOptions& options, const MeshPlace& place, const std::string& token,
               MeshEngine& engine) {
  const std::chrono::seconds wait(options.wait_s);
  const Result<Done> allowed = allow_files(place.ranks);
  if (!allowed) return usage(allowed.error());
  const Result<PairHello> own = engine.hello();
  if (!own) return usage(own.error());
  const Result<Fd> listener = listen_on("", options.port);
  if (!listener) return usage(listener.error());
  const Moment start = Moment::now();
  MeshPlace here = place;
  here.leader = "127.0.0.1";
  const Result<Child> member = start_child([&] {
    return take_part({here, options.port, token, wait}, engine);
  });
  if (!member) return usage(member.error());
  MeshReport report;
  report.seed = std::random_device{}();
  report.started_at_ms = start.unix_ms;
  report.mesh = lead_mesh({place, token, *own, report.seed, wait}, *listener);
  report.duration_ms = Moment::now().boot_ms - start.boot_ms;
  conclude(report);
  return put_out(rendered(options, report), options.pair.output, exit_code_of(report.verdict));
}

template <class T>
Result<T> options_in(const char* text) {
  const Result<Value> value = parse_json(text, "options");
  return value ? from_value<T>(*value, "options") : Result<T>(value.error());
}

}  // namespace

std::unique_ptr<MeshEngine> make_pair_engine(const PairGround& ground, const MeshOptions& options,
                                             const std::string& token) {
  return std::make_unique<PairEngine>(ground, options, token);
}

int run_mesh(const MeshOptions& options, DataLibrary& library, const MakeEngine& make_engine) {
  const Result<MeshPlace> place = find_place(options, variable, host_name());
  if (!place) return usage(place.error());
  const Result<std::string> token = take_token(options);
  if (!token) return usage(token.error());
  const Result<Sysroot> root = Sysroot::open(options.pair.sysroot);
  if (!root) return usage(root.error());
  const PairGround ground{*root, library, options.pair.lock_directory};
  const std::unique_ptr<MeshEngine> engine = make_engine(ground, options, *token);
  if (place->rank == 0) return run_leader(options, *place, *token, *engine);
  const std::chrono::seconds wait(options.wait_s);
  return take_part({*place, options.port, *token, wait}, *engine);
}

int run_data_pair(int argc, char** argv, DataLibrary& library, const MakeEngine& make_engine) {
  std::signal(SIGPIPE, SIG_IGN);
  keep_memory_private();  // it holds the token
  log_to_stderr();
  const std::string command = argc == 3 ? argv[1] : "";
  if (command == "mesh") {
    const Result<MeshOptions> options = options_in<MeshOptions>(argv[2]);
    return options ? run_mesh(*options, library, make_engine) : usage(options.error());
  }
  if (command != "pair") return usage(malformed("data-pair", "it is started by efa-doctor"));
  const Result<PairOptions> options = options_in<PairOptions>(argv[2]);
  return options ? run_pair(*options, library) : usage(options.error());
}

}  // namespace efa
