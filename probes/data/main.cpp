// probe-data with the libraries of this machine.

#include "probes/data/library.h"
#include "probes/data/read.h"

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, [](const efa::Look& look) {
    const std::unique_ptr<efa::DataLibrary> library = efa::open_libibverbs();
    efa::read_data(look, *library);
  });
}
