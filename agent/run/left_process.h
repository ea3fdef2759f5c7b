// A process of a probe that could not be killed: it is remembered over passes.
#pragma once

#include <string>

#include "probes/base/process.h"

namespace efa {

struct LeftProcess {
  std::string probe;
  ProcessIdentity process;
};

template <class Io>
void describe(Io& io, LeftProcess& left) {
  io("probe", left.probe);
  io("process", left.process);
}

}  // namespace efa
