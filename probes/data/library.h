// The calls of libibverbs and libefa, or of libfabric, that move data, so that what makes them can
// be tested without a device: one implementation calls them, tests replay answers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "probes/base/result.h"
#include "probes/data/step.h"

namespace efa {

constexpr size_t kDataBuffer = 8192;  // of what is sent, and of what is received

struct DataShape {
  size_t buffer = kDataBuffer;  // of each half of the memory that is registered
  uint32_t depth = 8;           // requests that wait at once, of each kind
};

inline constexpr size_t kLongestEndpointName = 64;  // one of efa has 32

// Where a queue pair is reached, as its own process tells it to another, and where the half of its
// memory begins that others write to.
struct DataAddress {
  std::array<uint8_t, 16> gid{};
  uint32_t number = 0;
  uint32_t key = 0;
  uint64_t memory = 0;
  uint32_t memory_key = 0;
  // in place of these, the name of libfabric's endpoint; processes hand all this on as it lies
  std::array<uint8_t, kLongestEndpointName> name{};
  uint32_t name_bytes = 0;
};

struct DataCompletion {
  uint64_t id = 0;
  int status = 0;  // ibv_wc.status
  int vendor_error = 0;
  uint32_t bytes = 0;  // of a receive
};

enum class DataTarget {
  kSelf,   // the queue pair's own address
  kEnded,  // a queue pair of the same device that is destroyed: the negative control
  kPeer,   // that of reach()
};

// One device's own queue pair; the end of this destroys all it made. Errors name the call.
class DataPath {
 public:
  DataPath() = default;
  DataPath(const DataPath&) = delete;
  DataPath& operator=(const DataPath&) = delete;
  virtual ~DataPath() = default;

  virtual Result<Done> take(DataStep step) = 0;
  // What it calls in that step.
  [[nodiscard]] virtual const char* call(DataStep step) const { return call_of(step); }

  // What was learned on the way.
  [[nodiscard]] virtual uint32_t max_message_bytes() const = 0;
  [[nodiscard]] virtual uint32_t max_rdma_bytes() const = 0;  // 0: it has none
  [[nodiscard]] virtual bool reads() const = 0;
  [[nodiscard]] virtual bool writes() const = 0;
  [[nodiscard]] virtual DataAddress address() const = 0;
  // The two halves of the memory that is registered.
  [[nodiscard]] virtual std::span<uint8_t> sent() = 0;
  [[nodiscard]] virtual std::span<uint8_t> received() = 0;

  virtual Result<Done> reach(const DataAddress& peer) = 0;
  virtual Result<Done> post_receive(uint64_t id, uint32_t bytes) = 0;
  virtual Result<Done> send(uint64_t id, uint32_t bytes, DataTarget target) = 0;
  // To itself: one half of its memory into the other, over the device. Of a peer: its half that is
  // written to, into the one that is received in; or the one that is sent, into that of the peer.
  virtual Result<Done> read(uint64_t id, uint32_t bytes, DataTarget target) = 0;
  virtual Result<Done> write(uint64_t id, uint32_t bytes, DataTarget target) = 0;
  virtual Result<std::optional<DataCompletion>> poll() = 0;
  // Where what is on its way goes on only while this is called, by who waits for something else;
  // false: it goes on by itself.
  virtual bool go_on() { return false; }
};

class DataLibrary {
 public:
  DataLibrary() = default;
  DataLibrary(const DataLibrary&) = delete;
  DataLibrary& operator=(const DataLibrary&) = delete;
  virtual ~DataLibrary() = default;

  [[nodiscard]] virtual std::optional<std::string> file() const = 0;
  [[nodiscard]] virtual std::string version() const { return ""; }  // where it tells one
  virtual Result<std::vector<std::string>> list() = 0;
  // One of those listed, in a child of this process; nothing of it is opened yet.
  virtual std::unique_ptr<DataPath> path_of(const std::string& name, const DataShape& shape) = 0;
};

std::unique_ptr<DataLibrary> open_libibverbs();

}  // namespace efa
