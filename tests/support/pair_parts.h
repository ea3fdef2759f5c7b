// Nodes, devices and answers of efa-doctor pair that were never asked for.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "agent/pair/protocol.h"
#include "agent/pair/rail.h"

namespace efa {

inline PairHello node_in(const char* zone, const char* vpc, const char* group,
                         const char* type = "p5.48xlarge") {
  PairHello hello;
  hello.metadata_status = MetadataStatus::kOk;
  hello.zone_id = zone;
  hello.instance_type = type;
  hello.interfaces = {{"0e:00", "subnet-1", vpc, {group}}};
  return hello;
}

inline PairDevice device_at(int rail) {
  PairDevice device{.rail = rail, .address = {0, static_cast<uint8_t>(16 * (rail + 1)), 0x1b, 0}};
  device.mtu = 8760;
  return device;
}

inline PairRail rail_broken(PairStep step, PairAnswer answer, PairSide side = PairSide::kOwn) {
  PairRail rail;
  rail.own = rail.other = device_at(0);
  rail.registered = 16384;
  answer.step = word_of(step);
  rail.broken = {side, std::move(answer)};
  return rail;
}

inline PairAnswer sent(std::optional<int> vendor_error) {
  PairAnswer answer;
  answer.transfer = DataTransfer{.kind = "send", .bytes = 64};
  if (vendor_error) answer.transfer->status = 21;
  if (vendor_error) answer.transfer->vendor_error = vendor_error;
  return answer;
}

inline PairAnswer answer_with(const std::function<void(PairAnswer&)>& change) {
  PairAnswer answer;
  change(answer);
  return answer;
}

inline PairRail rail_with_rate(int number, double rate) {
  PairRail rail;
  rail.own = rail.other = device_at(number);
  rail.passed = 10;
  rail.figures = {{.bytes = 64, .latency = PairLatency{5, 1000, 2000, 3000}},
                  {.bytes = 1 << 20, .way = "write", .rate = rate}};
  return rail;
}

}  // namespace efa
