// The two ends of a test, as who leads it sees them: a device of this node, in a process that is
// started here, and one of the other node, behind the control connection.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "agent/pair/device_end.h"
#include "agent/pair/wire.h"
#include "probes/base/child.h"

namespace efa {

// How long a step may take. Longer: a device holds who asked it.
std::chrono::milliseconds limit_of(const PairOrder& order);

class PairEnd {
 public:
  PairEnd() = default;
  PairEnd(const PairEnd&) = delete;
  PairEnd& operator=(const PairEnd&) = delete;
  virtual ~PairEnd() = default;

  // Always an answer: at worst that the process hangs or ended, or that the other end is gone.
  virtual PairAnswer ask(const PairOrder& order) = 0;
};

// A process for each device that is set up, one at a time. While it works the wire is kept alive:
// when the other end is gone, nothing more is waited for.
class OwnEnd final : public PairEnd {
 public:
  // Its devices and copies alone are used. `host`: of the other end; "" for who is asked by it.
  OwnEnd(const PairGround& ground, const PairHello& own, Wire& wire, std::string host = "")
      : ground_(ground), own_(own), wire_(wire), host_(std::move(host)) {}
  ~OwnEnd() override { release(); }

  PairAnswer ask(const PairOrder& order) override;

 private:
  [[nodiscard]] const PairDevice* device_at(int rail) const;
  [[nodiscard]] PairAnswer look(const PairOrder& order) const;
  std::optional<PairAnswer> start(const PairOrder& order);
  int become(const PairOrder& order, const PairDevice& device, const Fd& socket);
  PairAnswer await(const PairOrder& order);
  // The next answer that is there; what the process says that it does is kept in step_.
  Result<std::optional<PairAnswer>> take_answer();
  PairAnswer end_of_hung(const std::string& step);
  PairAnswer end_of_ended(const std::string& step);
  void release();

  const PairGround& ground_;
  const PairHello& own_;
  Wire& wire_;
  std::string host_;
  std::string version_;  // of the libfabric that was set up last
  Child process_;
  Fd socket_;
  Lines lines_{kLongestPairLine};
  std::string doing_;
};

class OtherEnd final : public PairEnd {
 public:
  explicit OtherEnd(Wire& wire) : wire_(wire) {}

  PairAnswer ask(const PairOrder& order) override;

 private:
  Wire& wire_;
};

}  // namespace efa
