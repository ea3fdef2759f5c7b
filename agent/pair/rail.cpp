#include "agent/pair/rail.h"

#include <algorithm>

#include "agent/pair/figures.h"

namespace efa {
namespace {

constexpr uint64_t kFirstBytes = 64;

std::map<std::string, uint64_t> growth(const std::map<std::string, uint64_t>& before,
                                       const std::map<std::string, uint64_t>& after) {
  std::map<std::string, uint64_t> grew;
  for (const auto& [name, value] : after) {
    const auto found = before.find(name);
    if (found != before.end() && value >= found->second) grew[name] = value - found->second;
  }
  return grew;
}

class RailTest {
 public:
  RailTest(PairEnd& own, PairEnd& other, PairRail& rail, const PairPlan& plan)
      : own_(own), other_(other), rail_(rail), plan_(plan) {}

  void run() {
    const bool sets_up = set_up();
    const bool moves = sets_up && first_messages();
    if (moves) take_figures();
    blame_users();
    if (sets_up) count();
    own_.ask({.step = word_of(PairStep::kRelease)});
    ask(PairSide::kOther, PairStep::kRelease);
  }

 private:
  PairAnswer ask(PairSide side, PairOrder order) {
    const bool own = side == PairSide::kOwn;
    order.rail = own ? rail_.own.rail : rail_.other.rail;
    return (own ? own_ : other_).ask(order);
  }
  PairAnswer ask(PairSide side, PairStep step, uint64_t bytes = 0, int64_t ms = 0) {
    return ask(side, PairOrder{.step = word_of(step), .bytes = bytes, .ms = ms});
  }
  // The first answer that says that something went wrong is the last.
  bool keep(PairSide side, const PairAnswer& answer) {
    if (!went_well(answer) && !rail_.broken) rail_.broken = {side, answer};
    return !rail_.broken;
  }

  bool set_up() {
    const auto prepare = [&](PairSide side, PairAnswer& setup, PairDevice& device) {
      PairOrder order{.step = word_of(PairStep::kSetup), .bytes = rail_.registered / 2};
      order.copy = side == PairSide::kOwn ? rail_.copies.own : rail_.copies.other;
      setup = ask(side, order);
      if (setup.mtu) device.mtu = setup.mtu;
      if (setup.reads) device.reads = setup.reads;
      if (setup.writes) device.writes = setup.writes;
      return keep(side, setup);
    };
    if (!prepare(PairSide::kOther, rail_.other_setup, rail_.other)) return false;
    if (!prepare(PairSide::kOwn, rail_.own_setup, rail_.own)) return false;
    return reach(PairSide::kOther, rail_.own_setup) && reach(PairSide::kOwn, rail_.other_setup);
  }

  bool reach(PairSide side, const PairAnswer& setup) {
    PairOrder order{.step = word_of(PairStep::kReach)};
    order.address = setup.address;
    return keep(side, ask(side, order));
  }

  [[nodiscard]] uint64_t longest_message() const {
    return std::min(rail_.own.mtu.value_or(0), rail_.other.mtu.value_or(0));
  }

  bool first_messages() {
    const uint64_t whole = std::min<uint64_t>(longest_message(), kDataBuffer);
    return message(std::min(kFirstBytes, whole)) && message(whole);
  }

  // One that is received and compared. What the sender says of it comes first: who only waited
  // says less.
  bool message(uint64_t bytes) {
    if (!keep(PairSide::kOther, ask(PairSide::kOther, PairStep::kReceive, bytes))) return false;
    const PairAnswer sent = ask(PairSide::kOwn, PairStep::kSend, bytes);
    if (!keep(PairSide::kOwn, sent)) return false;
    PairOrder order{.step = word_of(PairStep::kReceived), .bytes = bytes, .sent = true};
    const PairAnswer received = ask(PairSide::kOther, order);
    const bool came = received.transfer && received.transfer->received == true;
    if (came && received.digest != sent.digest) rail_.differs = true;
    if (!keep(PairSide::kOther, received) || rail_.differs) return false;
    ++rail_.passed;
    return true;
  }

  void take_figures() {
    if (plan_.sizes.empty()) return;
    const auto steps = static_cast<int64_t>(2 * plan_.sizes.size());
    ms_ = std::max<int64_t>(plan_.ms / steps, 1);
    for (const uint64_t bytes : plan_.sizes) {
      PairFigure& figure = rail_.figures.emplace_back(PairFigure{.bytes = bytes});
      if (!take_latency(figure) || !take_rate(figure) || !is_free()) return;
    }
  }

  // A job that has opened the device since ends the test.
  bool is_free() {
    for (const PairSide side : {PairSide::kOther, PairSide::kOwn}) {
      if (!keep(side, ask(side, PairStep::kLook))) return false;
    }
    return true;
  }

  // Then what was lost may be by its doing.
  void blame_users() {
    if (!rail_.broken || !rail_.broken->answer.transfer) return;
    const auto broken = std::exchange(rail_.broken, std::nullopt);
    if (is_free()) rail_.broken = broken;
  }

  // The other end answers or takes while this one sends.
  bool with_other(PairStep theirs, PairStep ours, uint64_t bytes, PairAnswer& answer) {
    if (!keep(PairSide::kOther, ask(PairSide::kOther, theirs, bytes, ms_))) return false;
    answer = ask(PairSide::kOwn, ours, bytes, ms_);
    rail_.passed += answer.messages;
    const PairAnswer ended = ask(PairSide::kOther, PairStep::kEnded, bytes, ms_);
    return keep_graver(answer, ended);
  }

  // Who has an error of the device says more than who waited in vain.
  bool keep_graver(const PairAnswer& own, const PairAnswer& other) {
    const bool silent = own.transfer && !own.transfer->status;
    const bool told = other.transfer && other.transfer->status.value_or(0) != 0;
    const bool ended = other.failed || other.hung || other.ended;
    if (silent && (told || ended)) return keep(PairSide::kOther, other);
    return keep(PairSide::kOwn, own) && keep(PairSide::kOther, other);
  }

  bool take_latency(PairFigure& figure) {
    if (figure.bytes > longest_message()) return true;
    PairAnswer answer;
    const bool well = with_other(PairStep::kEcho, PairStep::kPing, figure.bytes, answer);
    figure.latency = answer.latency;
    return well;
  }

  [[nodiscard]] bool fits_rdma(uint64_t bytes) const {
    return bytes <= rail_.own_setup.max_rdma.value_or(0) &&
           bytes <= rail_.other_setup.max_rdma.value_or(0);
  }

  bool take_rate(PairFigure& figure) {
    const bool fits = fits_rdma(figure.bytes);
    if (fits && rail_.own.writes == true && rail_.other.writes == true) {
      return take_rate(figure, PairStep::kWrite);
    }
    if (figure.bytes <= longest_message()) return take_rate(figure, PairStep::kStream);
    if (fits && rail_.own.reads == true && rail_.other.reads == true) {
      return take_rate(figure, PairStep::kRead);
    }
    figure.why_not = "longer than a message, and the devices have no RDMA for it";
    return true;
  }

  bool take_rate(PairFigure& figure, PairStep step) {
    PairAnswer answer;
    const bool sends = step == PairStep::kStream;
    if (sends) {
      if (!with_other(PairStep::kSink, step, figure.bytes, answer)) return false;
    } else {
      answer = ask(PairSide::kOwn, step, figure.bytes, ms_);
      rail_.passed += answer.messages;
      if (!keep(PairSide::kOwn, answer)) return false;
    }
    const PairAnswer there = ask(PairSide::kOther, PairStep::kDigest, figure.bytes);
    if (!keep(PairSide::kOther, there)) return false;
    if (answer.messages > 0 && there.digest != answer.digest) {
      rail_.differs = true;
      return false;
    }
    figure.way = sends ? "send" : word_of(step);
    figure.rate = rate_of(answer.messages, figure.bytes, answer.took_ns.value_or(0));
    return true;
  }

  void count() {
    const auto grew = [&](PairSide side, const PairAnswer& setup) {
      const bool lost = rail_.broken && rail_.broken->side == side &&
                        (rail_.broken->answer.hung || rail_.broken->answer.ended);
      if (lost || setup.counters.empty()) return std::map<std::string, uint64_t>();
      return growth(setup.counters, ask(side, PairStep::kCounters).counters);
    };
    if (rail_.broken && rail_.broken->answer.gone) return;
    rail_.own_grew = grew(PairSide::kOwn, rail_.own_setup);
    rail_.other_grew = grew(PairSide::kOther, rail_.other_setup);
  }

  PairEnd& own_;
  PairEnd& other_;
  PairRail& rail_;
  const PairPlan& plan_;
  int64_t ms_ = 1;  // of one figure
};

}  // namespace

std::vector<std::pair<PairDevice, PairDevice>> rails_of(const std::vector<PairDevice>& own,
                                                        const std::vector<PairDevice>& other) {
  if (own.size() == 1 && other.size() == 1) return {{own[0], other[0]}};
  std::vector<std::pair<PairDevice, PairDevice>> rails;
  for (const PairDevice& device : own) {
    const auto same = std::find_if(other.begin(), other.end(),
                                   [&](const PairDevice& one) { return one.rail == device.rail; });
    if (same != other.end()) rails.emplace_back(device, *same);
  }
  return rails;
}

PairRail test_rail(PairEnd& own, PairEnd& other, const std::pair<PairDevice, PairDevice>& devices,
                   const PairPlan& plan, const PairCopies& copies) {
  PairRail rail;
  rail.copies = copies;
  rail.own = devices.first;
  rail.other = devices.second;
  const uint64_t longest = plan.sizes.empty() ? 0 : plan.sizes.back();
  rail.registered = 2 * std::max<uint64_t>(longest, kDataBuffer);
  RailTest(own, other, rail, plan).run();
  return rail;
}

const PairFigure* rate_figure(const PairRail& rail) {
  for (auto figure = rail.figures.rbegin(); figure != rail.figures.rend(); ++figure) {
    if (figure->rate) return &*figure;
  }
  return nullptr;
}

std::optional<double> best_rate(const PairRail& rail) {
  const PairFigure* figure = rate_figure(rail);
  return figure == nullptr ? std::nullopt : figure->rate;
}

}  // namespace efa
