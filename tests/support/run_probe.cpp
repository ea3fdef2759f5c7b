// A probe of the agent's own by itself: run-probe NAME [what every probe takes]...
#include <cstdio>

#include "probes/judging/table.h"

int main(int argc, char** argv) {
  const efa::ProbeRow* row = argc < 2 ? nullptr : efa::probe_of(argv[1]);
  if (row == nullptr || row->read == nullptr) {
    std::fprintf(stderr, "usage: %s NAME [ARGUMENT]...\n", argv[0]);
    return 64;
  }
  return efa::probe_main(argc - 1, argv + 1, row->read);
}
