// What those who ask about a fleet want of it, beyond what EFA needs.
#pragma once

namespace efa {

struct AccountWishes {
  int root_volume_gib = 200;     // image, CUDA, containers and logs of a GPU node
  bool ssm_is_required = false;  // nodes are reached by SSM alone
  bool efa_is_expected = false;  // every instance is meant to have EFA
};

}  // namespace efa
