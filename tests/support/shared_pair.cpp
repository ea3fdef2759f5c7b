// data-pair on devices that are a file: in the place of the executable that links libibverbs.

#include "agent/pair/run.h"
#include "tests/support/shared_data.h"

int main(int argc, char** argv) {
  efa::SharedData library;
  return efa::run_pair(argc, argv, library);
}
