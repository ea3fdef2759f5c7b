#include "probes/pci/read.h"

int main(int argc, char** argv) {
  return efa::probe_main(argc, argv, efa::read_pci);
}
