// data-pair-fabric on devices that are a file: in the place of the executable that uses libfabric,
// which it links, so that the loader finds one.

#include "agent/pair/fabric_end.h"
#include "tests/support/shared_data.h"

int main(int argc, char** argv) {
  efa::SharedData library(efa::SharedEngine::kLibfabric);
  return efa::run_fabric_end(argc, argv, library);
}
