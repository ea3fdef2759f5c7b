// A device by libfabric, for efa-doctor pair.

#include "agent/pair/fabric_end.h"
#include "probes/data/libfabric.h"

int main(int argc, char** argv) {
  const std::unique_ptr<efa::DataLibrary> library = efa::open_libfabric();
  return efa::run_fabric_end(argc, argv, *library);
}
