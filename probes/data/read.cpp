// probe-data: sends own messages over every EFA device that nobody uses, to its own address and to
// the next device. A dead device holds its caller for 30 s, already where its counters are read:
// all that is asked of one is asked in a process of its own.

#include "probes/data/read.h"

#include <algorithm>
#include <map>

#include "probes/base/file_lock.h"
#include "probes/base/rights.h"
#include "probes/base/text.h"
#include "probes/data/counter_files.h"
#include "probes/data/exchange.h"
#include "probes/data/facts.h"
#include "probes/data/holders.h"
#include "probes/data/ring.h"
#include "probes/protocol/open_files.h"
#include "probes/protocol/own_process.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kForDevice{3'000};
constexpr milliseconds kForNeighbours{1'500};

// "VmPin:\t      16 kB"
std::optional<int64_t> pinned_bytes(const Look& look) {
  const auto status = look.root.text("/proc/self/status");
  if (!status) return std::nullopt;
  for (const std::string& line : split(*status, '\n')) {
    const std::vector<std::string> parts = words(line);
    if (parts.size() < 2 || parts[0] != "VmPin:") continue;
    const auto kib = parse_number<int64_t>(parts[1]);
    return kib ? std::optional(*kib * 1024) : std::nullopt;
  }
  return std::nullopt;
}

// The test of one device, in its own process.
class DeviceTest {
 public:
  DeviceTest(const Look& look, const Emitter& out, DataDevice device, const RingEnds* ring)
      : look_(look),
        out_(out),
        device_(std::move(device)),
        ring_(ring),
        counters_(look.root, out, device_.name) {}

  void run(DataLibrary& library) {
    give_up_capabilities();
    const bool in_ring = run_alone(library);
    if (ring_ != nullptr && !in_ring) stay_out(*ring_);
  }

 private:
  // True where the ring was gone around.
  bool run_alone(DataLibrary& library) {
    const std::optional<FileLock> lock = take_lock();
    if (device_.other_test) {
      out_.add("devices", device_);
      return false;
    }
    DataCounters counters{.address = device_.address, .shown = counters_.shown()};
    if (*counters.shown) counters.before = counters_.read(kDataCounters);
    const std::unique_ptr<DataPath> path = library.path_of(device_.name, DataShape());
    const bool ready = prepare(*path);
    const Clock::time_point stop = Clock::now() + kForDevice;
    Exchange exchange(*path, stop);
    if (ready) exchange_alone(exchange);
    out_.add("devices", device_);
    if (!ready || !moved_all()) return false;
    count_alone(counters);
    if (ring_ != nullptr) go_around_ring(*path, exchange, counters);
    if (*counters.shown) {
      counters_.outlive();
      counters.after = counters_.read(kDataCounters);
    }
    out_.add("counters", counters);
    out_.doing("ibv_destroy_qp");
    return ring_ != nullptr;
  }

  // Where no lock file can be made, as by another user than root, the test goes on: two tests send
  // a few messages each over queue pairs of their own, and each demands of counters no more than to
  // have grown by at least its own.
  std::optional<FileLock> take_lock() {
    const auto directory = look_.options.find("lock-directory");
    device_.locked = false;
    if (directory == look_.options.end()) return std::nullopt;
    Result<FileLock> lock =
        FileLock::try_for(directory->second + "/data-" + device_.address.to_text() + ".lock");
    device_.locked = lock.ok();
    if (lock) return std::move(*lock);
    device_.other_test = lock.error().kind == ErrorKind::kTimedOut;
    return std::nullopt;
  }

  bool prepare(DataPath& path) {
    device_.lockable = lockable_bytes();
    for (const auto& [step, call] : Words<DataStep>::kTable) {
      out_.doing(call);
      const Result<Done> done = path.take(step);
      if (done) continue;
      device_.failed = unseen_of(done.error());
      device_.failed_step = step;
      return false;
    }
    device_.pinned_bytes = pinned_bytes(look_);
    return true;
  }

  void exchange_alone(Exchange& exchange) {
    out_.doing("messages to itself");
    device_.transfers = exchange.to_itself();
    if (exchange.error()) device_.failed = unseen_of(*exchange.error());
  }

  // And the negative control did not.
  [[nodiscard]] bool moved_all() const {
    const std::vector<DataTransfer>& transfers = device_.transfers;
    return !device_.failed && !transfers.empty() && transfers.back().kind == "control" &&
           transfers.back().status.value_or(0) != 0;
  }

  void count_alone(DataCounters& counters) const {
    for (const DataTransfer& transfer : device_.transfers) {
      if (transfer.kind != "send") continue;
      counters.sent += transfer.bytes;
      counters.received += transfer.bytes;
    }
  }

  void go_around_ring(DataPath& path, Exchange& exchange, DataCounters& counters) {
    out_.doing("a message to " + ring_->next_device.to_text());
    const RingSeen seen = efa::go_around(*ring_, path, exchange, Clock::now() + kForNeighbours);
    counters.received += seen.received;
    if (!seen.transfer) return;
    if (seen.transfer->status == 0) counters.sent += seen.transfer->bytes;
    out_.add("ring", DataEdge{device_.address, ring_->next_device, *seen.transfer});
  }

  const Look& look_;
  const Emitter& out_;
  DataDevice device_;
  const RingEnds* ring_;
  CounterFiles counters_;
};

// Of those that are used it is told by whom; the others are given.
std::map<std::string, DataDevice> devices_to_test(const Look& look, const Holders& holders,
                                                  const std::map<PciAddress, std::string>& all) {
  constexpr size_t kMostHolders = 16;
  std::map<std::string, DataDevice> devices;
  for (const auto& [address, name] : all) {
    DataDevice device{.address = address, .name = name};
    const auto held = holders.of.find(address);
    if (held != holders.of.end()) {
      device.holders = held->second;
      if (device.holders.size() > kMostHolders) device.holders.resize(kMostHolders);
      device.idle = false;
      look.out.add("devices", device);
      continue;
    }
    if (holders.all_seen) device.idle = true;
    devices[address.to_text()] = std::move(device);
  }
  return devices;
}

void test_all(const Look& look, DataLibrary& library,
              const std::map<std::string, DataDevice>& devices) {
  std::vector<std::string> subjects;
  std::vector<PciAddress> in_ring;
  std::vector<std::string> ring_subjects;
  for (const auto& [subject, device] : devices) {
    subjects.push_back(subject);
    if (look.skip.contains(subject)) continue;
    in_ring.push_back(device.address);
    ring_subjects.push_back(subject);
  }
  const std::vector<RingEnds> ring = make_ring(in_ring);
  Look own = look;
  own.device_deadline = std::min(look.device_deadline, Clock::now() + kForDevice);
  ask_each_in_own_process(own, subjects, [&](const std::string& subject, const Emitter& out) {
    const auto place = std::find(ring_subjects.begin(), ring_subjects.end(), subject);
    const RingEnds* ends = ring.empty() ? nullptr : &ring[place - ring_subjects.begin()];
    DeviceTest(look, out, devices.at(subject), ends).run(library);
  });
}

}  // namespace

void read_data(const Look& look, DataLibrary& library) {
  if (const auto file = library.file()) look.out.set("library", *file);
  look.out.doing("ibv_get_device_list");
  const Result<std::vector<std::string>> listed = library.list();
  if (!listed) {
    look.out.set("list_failed", unseen_of(listed.error()));
    return;
  }
  const std::map<std::string, PciAddress> nodes = efa_device_nodes(look.root);
  look.out.doing("list processes", "/proc");
  const Holders before = find_holders(look.root, nodes, look.deadline);
  if (before.unreadable) look.out.set("unreadable_processes", *before.unreadable);
  const auto devices = devices_to_test(look, before, efa_devices(look.root, *listed));
  if (before.cut) {
    look.out.set("not_tested", "who uses the devices could not be seen in time");
    return;
  }
  test_all(look, library, devices);
  look.out.doing("list processes", "/proc");
  const Holders after = find_holders(look.root, nodes, look.deadline);
  for (const auto& [address, pids] : after.of) {
    if (devices.contains(address.to_text())) look.out.add("taken", address);
  }
}

}  // namespace efa
