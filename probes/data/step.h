// What is done with a device before it can move data.
#pragma once

#include "probes/base/word.h"

namespace efa {

// In the order in which they are made; each can be an admin command that a dead device holds.
enum class DataStep {
  kOpen,
  kQuery,
  kProtectionDomain,
  kCompletionQueue,
  kMemory,
  kQueuePair,
  kStates,
  kAddress,
};

// The call of each, as a finding names it.
template <>
struct Words<DataStep> {
  static constexpr EnumWord<DataStep> kTable[] = {{DataStep::kOpen, "ibv_open_device"},
                                                  {DataStep::kQuery, "efadv_query_device"},
                                                  {DataStep::kProtectionDomain, "ibv_alloc_pd"},
                                                  {DataStep::kCompletionQueue, "ibv_create_cq"},
                                                  {DataStep::kMemory, "ibv_reg_mr"},
                                                  {DataStep::kQueuePair, "efadv_create_qp_ex"},
                                                  {DataStep::kStates, "ibv_modify_qp"},
                                                  {DataStep::kAddress, "ibv_create_ah"}};
};

constexpr const char* call_of(DataStep step) {
  return word_of(step);
}

}  // namespace efa
