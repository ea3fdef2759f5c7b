// Messages of random bytes over one queue pair, and whether they arrive as they were sent.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "probes/data/facts.h"
#include "probes/data/library.h"

namespace efa {

class Exchange {
 public:
  using Clock = std::chrono::steady_clock;

  // Nothing is waited for after `stop`.
  Exchange(DataPath& path, Clock::time_point stop) : path_(path), stop_(stop) {}

  // To its own address: sends, RDMA where the device has it, then the negative control. The first
  // that does not arrive as it was sent is the last.
  std::vector<DataTransfer> to_itself();
  // The first call that failed.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

  // One message to the peer, and one from another.
  DataTransfer to_peer(uint32_t bytes);
  uint64_t expect(uint32_t bytes);  // posts a receive; gives its id
  std::optional<DataCompletion> await(uint64_t id, std::chrono::milliseconds limit);

 private:
  enum class Way { kSend, kRead, kWrite, kControl, kPeer };

  DataTransfer move(Way way, uint32_t bytes);
  Result<Done> post(Way way, uint64_t id, uint32_t bytes);
  void finish_receive(uint64_t id, DataTransfer& transfer);
  bool keep(const Result<Done>& done);

  DataPath& path_;
  Clock::time_point stop_;
  uint64_t last_id_ = 0;
  std::map<uint64_t, DataCompletion> seen_;  // by id, until somebody waits for it
  std::optional<Error> error_;
};

// All of it came, with the bytes that were sent.
bool arrived(const DataTransfer& transfer);

}  // namespace efa
