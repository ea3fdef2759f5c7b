// The process that has one device: it does what it is ordered, step by step, and says what came of
// it. What the device is asked for can hold its caller for 30 s, so that nobody else does it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/pair/protocol.h"
#include "agent/pair/traffic.h"
#include "probes/base/file_lock.h"
#include "probes/data/counter_files.h"
#include "probes/data/exchange.h"
#include "probes/data/library.h"
#include "probes/protocol/emitter.h"
#include "probes/protocol/sysroot.h"

namespace efa {

// What all processes of one end share.
struct PairGround {
  const Sysroot& root;
  DataLibrary& library;
  std::string lock_directory;  // "": none
  std::string modules;         // where the executable with libfabric is; "": none is used
  std::string sysroot = "/";   // the directory of `root`, for that
};

// The processes, but for those of efa-doctor, that have the device open: a few of them.
void find_users(const PairGround& ground, const PairDevice& device, PairAnswer& answer);

class DeviceEnd {
 public:
  DeviceEnd(const PairGround& ground, const PairDevice& device, const Emitter& out)
      : ground_(ground), device_(device), out_(out), counters_(ground.root, out, device.name) {}

  // While it waits for an order. False: nothing has to go on.
  bool go_on() { return path_ && path_->go_on(); }
  // Says its answer; of a step that goes on for a time, twice.
  void act(const PairOrder& order);

 private:
  void set_up(const PairOrder& order, PairAnswer& answer);
  bool may_take_device(PairAnswer& answer);
  bool prepare(PairAnswer& answer);
  void reach(const PairOrder& order, PairAnswer& answer);
  void receive(const PairOrder& order, PairAnswer& answer);
  void send(const PairOrder& order, PairAnswer& answer);
  void finish_receive(const PairOrder& order, PairAnswer& answer);
  [[nodiscard]] const char* why_not_now(PairStep step, const PairOrder& order) const;
  void go_on(PairStep step, const PairOrder& order, PairAnswer& answer);
  void lead(PairStep step, const PairOrder& order, PairAnswer& answer);
  void act_on_path(PairStep step, const PairOrder& order, PairAnswer& answer);
  void keep_error(PairAnswer& answer) const;

  const PairGround& ground_;
  const PairDevice& device_;
  const Emitter& out_;
  CounterFiles counters_;
  std::optional<FileLock> lock_;
  std::unique_ptr<DataPath> path_;
  std::optional<Exchange> exchange_;
  std::optional<Traffic> traffic_;
  bool reached_ = false;  // the peer has an address handle
  uint64_t receive_ = 0;  // the id of the receive that is posted
  bool told_ = false;     // the first answer of a step that goes on
  PairAnswer went_on_;    // and the second
};

// Does so for each line of `orders` until it is released or the line ends.
int run_device_end(const PairGround& ground, const PairDevice& device, int socket);

}  // namespace efa
