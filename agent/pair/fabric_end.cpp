#include "agent/pair/fabric_end.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "agent/log/log.h"
#include "agent/pair/copies.h"
#include "probes/base/exec_vector.h"
#include "probes/base/exit_codes.h"

namespace efa {
namespace {

// Its one argument, in JSON.
struct FabricEnd {
  PairDevice device;
  int socket = -1;
  std::string lock_directory;
  std::string sysroot;
};

template <class Io>
void describe(Io& io, FabricEnd& end) {
  io("device", end.device);
  io("socket", end.socket);
  io("lock_directory", end.lock_directory);
  io("sysroot", end.sysroot);
}

}  // namespace

std::string fabric_executable(const PairGround& ground) {
  return ground.modules + "/data-pair-fabric";
}

int become_fabric_end(const PairGround& ground, const PairCopy& copy, const PairDevice& device,
                      const Fd& socket) {
  fcntl(socket.get(), F_SETFD, 0);  // it goes with the process
  const FabricEnd end{device, socket.get(), ground.lock_directory, ground.sysroot};
  const std::vector<std::string> arguments{fabric_executable(ground), render_json(to_value(end))};
  const std::vector<std::string> environment = environment_for(copy);
  execve(arguments[0].c_str(), exec_vector(arguments).data(), exec_vector(environment).data());
  log_error("{}", message_of(system_error(errno, arguments[0])));
  return kExitInternal;
}

int run_fabric_end(int argc, char** argv, DataLibrary& library) {
  std::signal(SIGPIPE, SIG_IGN);
  log_to_stderr();
  const Result<Value> value = parse_json(argc == 2 ? argv[1] : "", "options");
  const Result<FabricEnd> end =
      value ? from_value<FabricEnd>(*value, "options") : Result<FabricEnd>(value.error());
  const Result<Sysroot> root = end ? Sysroot::open(end->sysroot) : Result<Sysroot>(end.error());
  if (!root) {
    log_error("{}", message_of(root.error()));
    return kExitUsage;
  }
  const PairGround ground{*root, library, end->lock_directory, "", end->sysroot};
  return run_device_end(ground, end->device, end->socket);
}

}  // namespace efa
