// Devices of two nodes that move data through one file, in place of libibverbs: what a process
// gives to its device, the process of another node finds at its own. Played for efa-doctor pair.
//
// SHARED_DATA     the file
// SHARED_NODE     0 or 1
// SHARED_ROOTS    the sysroots of both, "A:B": of each the devices are listed, and counters moved
// SHARED_FAULTS   a JSON file, read when a device is set up; see Faults
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "probes/base/describe.h"
#include "probes/base/text.h"
#include "probes/data/library.h"

namespace efa {

enum class SharedEngine { kVerbs, kLibfabric };

struct SharedFaults {
  std::string device;     // of it alone; "": of all
  std::string engine;     // "verbs" or "libfabric" alone; "": both
  int status = 0;         // vendor_err of a message to the peer
  int64_t after = 0;      // only from that one on
  bool silent = false;    // nothing completes
  bool arrives = false;   // what ends so has come all the same
  bool corrupts = false;  // the first byte of what comes is another
  bool loses = false;     // what completes does not come
  bool writes = true;     // RDMA
  std::string fails;      // the call that does
  int64_t os_error = 0;   // with that
  std::string hangs;      // the call that does not return
  std::string ends;       // the call in which the process is killed
  int64_t delay_us = 0;   // of each completion
  int64_t others_delay_us = 0;
};

template <class Io>
void describe(Io& io, SharedFaults& faults) {
  io("device", faults.device);
  io("engine", faults.engine);
  io("status", faults.status);
  io("after", faults.after);
  io("silent", faults.silent);
  io("arrives", faults.arrives);
  io("corrupts", faults.corrupts);
  io("loses", faults.loses);
  io("writes", faults.writes);
  io("fails", faults.fails);
  io("os_error", faults.os_error);
  io("hangs", faults.hangs);
  io("ends", faults.ends);
  io("delay_us", faults.delay_us);
  io("others_delay_us", faults.others_delay_us);
}

constexpr size_t kSharedMessages = 256;  // that wait at most
constexpr size_t kSharedBytes = 8760;    // of a message
constexpr size_t kSharedMemory = size_t{8} * 1024 * 1024;
constexpr size_t kSharedDevices = 8;  // of a node

struct SharedMessage {
  uint32_t bytes = 0;
  std::array<uint8_t, kSharedBytes> data{};
};

struct SharedSlot {
  std::atomic<uint32_t> number{0};  // of the queue pair that is there now
  std::atomic<uint64_t> put{0};
  std::atomic<uint64_t> taken{0};
  std::array<SharedMessage, kSharedMessages> messages{};
  std::array<uint8_t, kSharedMemory> memory{};
};

inline std::string shared_setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

inline std::string shared_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class SharedPath final : public DataPath {
 public:
  SharedPath(SharedSlot* slots, uint32_t node, uint32_t device, std::vector<std::string> names,
             const DataShape& shape, SharedEngine engine)
      : engine_(engine),
        slots_(slots),
        node_(node),
        device_(device),
        names_(std::move(names)),
        sent_(shape.buffer),
        own_(slots[node * kSharedDevices + device]),
        roots_(split(shared_setting("SHARED_ROOTS"), ':')) {
    const Result<Value> value = parse_json(shared_text(shared_setting("SHARED_FAULTS")), "faults");
    const Result<SharedFaults> faults =
        value ? from_value<SharedFaults>(*value, "faults") : Result<SharedFaults>(value.error());
    const char* own = engine == SharedEngine::kVerbs ? "verbs" : "libfabric";
    const bool mine = faults && (faults->device.empty() || faults->device == names_[device_]) &&
                      (faults->engine.empty() || faults->engine == own);
    if (mine) faults_ = *faults;
    if (faults && !mine) faults_.delay_us = faults->others_delay_us;
    size_ = shape.buffer;
  }
  ~SharedPath() override { own_.number = 0; }

  Result<Done> take(DataStep step) override {
    if (faults_.hangs == call_of(step)) std::this_thread::sleep_for(std::chrono::hours(1));
    if (faults_.ends == call_of(step)) std::abort();
    if (faults_.fails == call_of(step) && step != DataStep::kAddress) {
      return system_error(static_cast<int>(faults_.os_error), call_of(step));
    }
    if (step != DataStep::kQueuePair) return Done{};
    own_.taken = own_.put.load();
    own_.number = static_cast<uint32_t>(getpid());
    return Done{};
  }
  [[nodiscard]] uint32_t max_message_bytes() const override { return kSharedBytes; }
  [[nodiscard]] uint32_t max_rdma_bytes() const override { return writes() ? kSharedMemory : 0; }
  [[nodiscard]] bool reads() const override { return false; }
  [[nodiscard]] bool writes() const override {
    return faults_.writes && engine_ == SharedEngine::kVerbs;
  }
  [[nodiscard]] DataAddress address() const override {
    DataAddress address{{}, own_.number, 1, 0, 0};
    address.gid[0] = static_cast<uint8_t>(node_);
    address.gid[1] = static_cast<uint8_t>(device_);
    return address;
  }
  [[nodiscard]] std::span<uint8_t> sent() override { return sent_; }
  [[nodiscard]] std::span<uint8_t> received() override {
    return std::span<uint8_t>(own_.memory).first(size_);
  }

  Result<Done> reach(const DataAddress& peer) override {
    if (faults_.fails == call_of(DataStep::kAddress)) {
      return system_error(static_cast<int>(faults_.os_error), call_of(DataStep::kAddress));
    }
    peer_ = peer;
    return Done{};
  }
  Result<Done> post_receive(uint64_t id, uint32_t /*bytes*/) override {
    receives_.push_back(id);
    return Done{};
  }
  Result<Done> send(uint64_t id, uint32_t bytes, DataTarget /*the peer*/) override {
    SharedSlot& slot = peer();
    const bool faulty = count_++ >= faults_.after;
    const int status = faulty ? faults_.status : 0;
    count_packet(node_, device_, "tx_pkts");
    const bool comes = !faulty || faults_.arrives || (status == 0 && !faults_.silent);
    if (comes) count_packet(peer_.gid[0], peer_.gid[1], "rx_pkts");
    if (status == 0 && slot.number != peer_.number) return complete(id, kBadQueue);
    if (comes && !(faulty && faults_.loses)) put(slot, bytes, faulty && faults_.corrupts);
    if (faulty && faults_.silent) return Done{};
    return complete(id, status);
  }
  Result<Done> read(uint64_t /*id*/, uint32_t /*bytes*/, DataTarget /*target*/) override {
    return system_error(EOPNOTSUPP, "ibv_wr_rdma_read");
  }
  Result<Done> write(uint64_t id, uint32_t bytes, DataTarget /*the peer*/) override {
    std::copy_n(sent_.begin(), bytes, peer().memory.begin());
    if (faults_.corrupts && count_++ >= faults_.after) peer().memory[bytes - 1] ^= 1U;
    return complete(id, 0);
  }
  Result<std::optional<DataCompletion>> poll() override {
    take_messages();
    if (completions_.empty()) return std::optional<DataCompletion>();
    if (faults_.delay_us > 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(faults_.delay_us));
    }
    const DataCompletion next = completions_.front();
    completions_.pop_front();
    if (engine_ == SharedEngine::kLibfabric && next.status != 0) {
      return Error{ErrorKind::kInputOutput, "completion", "the provider's word is played",
                   next.vendor_error};
    }
    return std::optional(next);
  }

 private:
  static constexpr int kBadQueue = 9;

  SharedSlot& peer() { return slots_[peer_.gid[0] * kSharedDevices + peer_.gid[1]]; }

  Result<Done> complete(uint64_t id, int vendor_error) {
    constexpr int kGeneralError = 21;  // IBV_WC_GENERAL_ERR
    completions_.push_back({id, vendor_error == 0 ? 0 : kGeneralError, vendor_error, 0});
    return Done{};
  }
  void put(SharedSlot& slot, uint32_t bytes, bool corrupt) {
    SharedMessage& message = slot.messages[slot.put % kSharedMessages];
    message.bytes = bytes;
    std::copy_n(sent_.begin(), bytes, message.data.begin());
    if (corrupt) message.data[bytes - 1] ^= 1U;
    ++slot.put;
  }
  void take_messages() {
    while (own_.taken < own_.put && !receives_.empty()) {
      const SharedMessage& message = own_.messages[own_.taken % kSharedMessages];
      std::copy_n(message.data.begin(), message.bytes, own_.memory.begin());
      completions_.push_back({receives_.front(), 0, 0, message.bytes});
      receives_.pop_front();
      ++own_.taken;  // the next comes over it, whoever has looked at it or not
    }
  }
  // The first ones: that a counter moves at all is what is looked at.
  void count_packet(uint32_t node, uint32_t device, const char* name) {
    constexpr int64_t kFew = 4;
    if (count_ > kFew || node >= roots_.size() || device >= names_.size()) return;
    const std::string path =
        roots_[node] + "/sys/class/infiniband/" + names_[device] + "/ports/1/hw_counters/" + name;
    const auto value = parse_number<uint64_t>(shared_text(path));
    if (value) std::ofstream(path) << *value + 1 << "\n";
  }

  SharedEngine engine_;
  SharedSlot* slots_;
  uint32_t node_;
  uint32_t device_;
  std::vector<std::string> names_;
  std::vector<uint8_t> sent_;
  size_t size_ = 0;
  SharedSlot& own_;
  std::vector<std::string> roots_;
  SharedFaults faults_;
  int64_t count_ = 0;
  DataAddress peer_;
  std::deque<uint64_t> receives_;
  std::deque<DataCompletion> completions_;
};

class SharedData final : public DataLibrary {
 public:
  explicit SharedData(SharedEngine engine = SharedEngine::kVerbs) : engine_(engine) {
    constexpr size_t kBytes = 2 * kSharedDevices * sizeof(SharedSlot);
    const int file = ::open(shared_setting("SHARED_DATA").c_str(), O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, kBytes) != 0) std::abort();
    void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) std::abort();
    slots_ = static_cast<SharedSlot*>(memory);
    node_ = parse_number<uint32_t>(shared_setting("SHARED_NODE")).value_or(0);
    close(file);
  }

  [[nodiscard]] std::optional<std::string> file() const override { return std::nullopt; }
  [[nodiscard]] std::string version() const override { return "0.0"; }
  Result<std::vector<std::string>> list() override {
    std::vector<std::string> names;
    const std::vector<std::string> roots = split(shared_setting("SHARED_ROOTS"), ':');
    std::error_code error;
    for (const auto& entry :
         std::filesystem::directory_iterator(roots[node_] + "/sys/class/infiniband", error)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::unique_ptr<DataPath> path_of(const std::string& name, const DataShape& shape) override {
    const std::vector<std::string> names = *list();
    const auto place = std::find(names.begin(), names.end(), name) - names.begin();
    return std::make_unique<SharedPath>(slots_, node_, static_cast<uint32_t>(place), names, shape,
                                        engine_);
  }

 private:
  SharedEngine engine_;
  SharedSlot* slots_ = nullptr;
  uint32_t node_ = 0;
};

}  // namespace efa
