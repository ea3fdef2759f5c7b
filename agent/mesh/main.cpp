// efa-doctor pair and mesh on the devices of this machine: a process of its own, because neither
// the agent nor a pass links an RDMA library.

#include "agent/mesh/run.h"

int main(int argc, char** argv) {
  const std::unique_ptr<efa::DataLibrary> library = efa::open_libibverbs();
  return efa::run_data_pair(argc, argv, *library);
}
