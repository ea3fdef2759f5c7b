// Devices that move data in memory, in place of libibverbs: each in a process of its own, as the
// probe asks them, so what they give each other is shared.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <map>

#include "probes/data/library.h"

namespace efa {

// How a device moves what it is given.
struct DataAnswers {
  std::map<DataStep, int> fails;  // errno of that step
  uint32_t max_message_bytes = 8760;
  bool reads = true;
  bool writes = true;
  int self_status = 0;     // vendor_err of a message to itself
  int control_status = 9;  // and of one to a queue pair that is no more
  int peer_status = 0;
  bool silent = false;    // nothing completes
  bool corrupts = false;  // the first byte of what arrives is another
  bool loses = false;     // what completes is not received
  bool refuses_read = false;
};

struct DataMailbox {
  std::atomic<uint32_t> bytes{0};
  std::array<uint8_t, kDataBuffer> message{};
};

constexpr size_t kMailboxes = 8;

class ReplayedPath final : public DataPath {
 public:
  ReplayedPath(DataAnswers answers, DataMailbox* boxes, uint32_t number)
      : answers_(std::move(answers)), boxes_(boxes), number_(number) {}

  Result<Done> take(DataStep step) override {
    const auto failing = answers_.fails.find(step);
    if (failing != answers_.fails.end()) return system_error(failing->second, call_of(step));
    return Done{};
  }
  [[nodiscard]] uint32_t max_message_bytes() const override { return answers_.max_message_bytes; }
  [[nodiscard]] uint32_t max_rdma_bytes() const override { return kDataBuffer; }
  [[nodiscard]] bool reads() const override { return answers_.reads; }
  [[nodiscard]] bool writes() const override { return answers_.writes; }
  [[nodiscard]] DataAddress address() const override { return {{}, number_, 1, 0, 0}; }
  [[nodiscard]] std::span<uint8_t> sent() override { return sent_; }
  [[nodiscard]] std::span<uint8_t> received() override { return received_; }

  Result<Done> reach(const DataAddress& peer) override {
    peer_ = peer.number;
    return Done{};
  }
  Result<Done> post_receive(uint64_t id, uint32_t /*bytes*/) override {
    receives_.push_back(id);
    return Done{};
  }
  Result<Done> send(uint64_t id, uint32_t bytes, DataTarget target) override {
    const int status = target == DataTarget::kSelf    ? answers_.self_status
                       : target == DataTarget::kEnded ? answers_.control_status
                                                      : answers_.peer_status;
    complete(id, status);
    if (status != 0 || answers_.silent || target == DataTarget::kEnded) return Done{};
    if (target == DataTarget::kPeer) {
      std::copy_n(sent_.begin(), bytes, boxes_[peer_].message.begin());
      boxes_[peer_].bytes = bytes;
    } else {
      arrive(sent_, bytes);
    }
    return Done{};
  }
  Result<Done> read(uint64_t id, uint32_t bytes, DataTarget target) override {
    if (answers_.refuses_read) return system_error(EOPNOTSUPP, "ibv_wr_rdma_read");
    return write(id, bytes, target);
  }
  Result<Done> write(uint64_t id, uint32_t bytes, DataTarget /*itself*/) override {
    std::copy_n(sent_.begin(), bytes, received_.begin());
    complete(id, 0);
    return Done{};
  }
  Result<std::optional<DataCompletion>> poll() override {
    DataMailbox& box = boxes_[number_];
    if (const uint32_t bytes = box.bytes.exchange(0)) arrive(box.message, bytes);
    if (completions_.empty()) return std::optional<DataCompletion>();
    const DataCompletion next = completions_.front();
    completions_.pop_front();
    return std::optional(next);
  }

 private:
  void complete(uint64_t id, int vendor_error) {
    constexpr int kGeneralError = 21;  // IBV_WC_GENERAL_ERR
    if (answers_.silent) return;
    completions_.push_back({id, vendor_error == 0 ? 0 : kGeneralError, vendor_error, 0});
  }
  void arrive(const std::array<uint8_t, kDataBuffer>& message, uint32_t bytes) {
    std::copy_n(message.begin(), bytes, received_.begin());
    if (answers_.corrupts) received_[0] ^= 1;
    if (answers_.loses || receives_.empty()) return;
    completions_.push_back({receives_.front(), 0, 0, bytes});
    receives_.pop_front();
  }

  DataAnswers answers_;
  DataMailbox* boxes_;
  uint32_t number_;
  uint32_t peer_ = 0;
  std::array<uint8_t, kDataBuffer> sent_{};
  std::array<uint8_t, kDataBuffer> received_{};
  std::deque<uint64_t> receives_;
  std::deque<DataCompletion> completions_;
};

class ReplayedData final : public DataLibrary {
 public:
  ReplayedData()
      : boxes_(static_cast<DataMailbox*>(mmap(nullptr, kMailboxes * sizeof(DataMailbox),
                                              PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                                              -1, 0))) {}
  ReplayedData(const ReplayedData&) = delete;
  ReplayedData& operator=(const ReplayedData&) = delete;
  ~ReplayedData() override { munmap(boxes_, kMailboxes * sizeof(DataMailbox)); }

  std::optional<Error> list_fails;
  std::map<std::string, DataAnswers> devices;

  [[nodiscard]] std::optional<std::string> file() const override { return "libibverbs.so.1"; }
  Result<std::vector<std::string>> list() override {
    if (list_fails) return *list_fails;
    std::vector<std::string> names;
    for (const auto& [name, answers] : devices) names.push_back(name);
    return names;
  }
  std::unique_ptr<DataPath> path_of(const std::string& name, const DataShape& /*shape*/) override {
    const auto number = static_cast<uint32_t>(std::distance(devices.begin(), devices.find(name)));
    return std::make_unique<ReplayedPath>(devices.at(name), boxes_, number);
  }

 private:
  DataMailbox* boxes_;
};

}  // namespace efa
