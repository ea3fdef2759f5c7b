// data-pair on devices that are a file, and with tests of two nodes that are played: in the place
// of the executable that links libibverbs.

#include "agent/mesh/run.h"
#include "tests/support/played_engine.h"
#include "tests/support/shared_data.h"

int main(int argc, char** argv) {
  efa::SharedData library;
  return efa::run_data_pair(argc, argv, library, efa::make_played_engine);
}
