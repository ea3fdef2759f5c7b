#include "agent/mesh/member.h"

#include <csignal>
#include <thread>

#include "agent/log/log.h"
#include "agent/mesh/protocol.h"
#include "agent/pair/connect.h"
#include "agent/pair/wire.h"
#include "probes/base/child.h"
#include "probes/base/exit_codes.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

using Clock = Wire::Clock;
using std::chrono::milliseconds;

// A pair of devices takes its share of the seconds, and what sets it up; where a driver holds who
// asks it, 10 s. Two that fail are enough.
milliseconds limit_of_test(const PairHello& own) {
  constexpr milliseconds kForOthers{90'000};
  constexpr milliseconds kForDevice{3'000};
  return kForOthers + kForDevice * own.devices.size();
}

int exit_with(const Error& error, int code) {
  log_error("{}", message_of(error));
  return code;
}

class Member {
 public:
  Member(const MeshMember& member, MeshEngine& engine, PairHello own, Wire wire)
      : member_(member), engine_(engine), own_(std::move(own)), wire_(std::move(wire)) {}

  int run(int own_port) {
    const Result<Done> joined =
        wire_.say(MeshJoin{member_.place.rank, member_.place.name, own_port});
    if (!joined) return lost(joined.error());
    while (true) {
      const Result<MeshOrder> order = hear_as<MeshOrder>(wire_, Clock::now() + kLongestPause);
      if (!order) return lost(order.error());
      if (order->step == kMeshEnd) return 0;
      if (order->step != kMeshTest) return lost(malformed("rank 0", "it says what is no order"));
      const Result<MeshOutcome> outcome = test(*order);
      if (!outcome) return lost(outcome.error());
      const Result<Done> said = wire_.say(to_answer(*outcome));
      if (!said) return lost(said.error());
    }
  }

 private:
  // Others may take long; a rank 0 that is gone is noticed by its silence.
  static constexpr std::chrono::hours kLongestPause{24};

  static int lost(const Error& error) {
    return exit_with({error.kind, "rank 0", error.what}, exit_code_of(Verdict::kUnknown));
  }

  // In a process of its own: the device can hold who asks it, and rank 0 wants to hear from us.
  Result<MeshOutcome> test(MeshOrder order) {
    if (order.host.empty()) order.host = member_.place.leader;
    Result<Pipe> pipe = make_pipe();
    if (!pipe) return pipe.error();
    Result<Child> child = start_child([&] {
      pipe->read_end.reset();
      const std::string line = render_json(to_value(to_answer(engine_.test(order))));
      return write_all(pipe->write_end.get(), line, "result") ? 0 : kExitInternal;
    });
    if (!child) return child.error();
    pipe->write_end.reset();
    return await(*child, pipe->read_end);
  }

  // An error when rank 0 is gone.
  Result<MeshOutcome> await(Child& child, const Fd& results) {
    constexpr milliseconds kBetweenLooks{200};
    constexpr milliseconds kToEnd{1'000};
    const Clock::time_point end = Clock::now() + limit_of_test(own_);
    std::string text;
    while (Clock::now() < end && text.size() < kLongestPairLine) {
      const Result<Done> alive = wire_.beat();
      if (!alive) return alive.error();
      if (!is_readable_within(results.get(), kBetweenLooks)) continue;
      char buffer[4096];
      const std::string_view bytes = read_some(results, buffer);
      text += bytes;
      if (!bytes.empty()) continue;
      const std::optional<int> status = child.wait(kToEnd);
      return outcome_in(text, status);
    }
    return MeshOutcome{.words = "the test did not end in time"};
  }

  static MeshOutcome outcome_in(const std::string& text, std::optional<int> status) {
    const Result<Value> value = parse_json(text, "result");
    const Result<MeshAnswer> answer =
        value ? from_value<MeshAnswer>(*value, "result") : Result<MeshAnswer>(value.error());
    if (answer) return from_answer(*answer);
    return {.words = "the process that tested ended: " +
                     (status ? words_of_exit(*status) : std::string("it broke off"))};
  }

  const MeshMember& member_;
  MeshEngine& engine_;
  PairHello own_;
  Wire wire_;
};

Result<Wire> try_to_join(const MeshMember& member, const PairHello& own) {
  Result<Fd> socket = connect_to(member.place.leader, member.port);
  if (!socket) return socket.error();
  Wire wire(std::move(*socket));
  const Result<PairHello> leader = greet_server(wire, member.token, own);
  if (!leader) return leader.error();
  return wire;
}

// Another try would end no better: a token, a version. A busy rank 0 has all its ranks.
bool is_final(const Error& error) {
  return error.where == kRefusedByServer || error.where == kOtherProtocol;
}

// Rank 0 may start later than this one, and be slow where all come at once.
Result<Wire> join(const MeshMember& member, const PairHello& own) {
  constexpr milliseconds kBetweenTries{500};
  const Clock::time_point end = Clock::now() + member.wait;
  while (true) {
    Result<Wire> joined = try_to_join(member, own);
    if (joined || is_final(joined.error()) || Clock::now() + kBetweenTries >= end) return joined;
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace

int take_part(const MeshMember& member, MeshEngine& engine) {
  const Result<PairHello> own = engine.hello();
  if (!own) return exit_with(own.error(), kExitUsage);
  Result<Fd> listener = listen_on("", 0);
  if (!listener) return exit_with(listener.error(), kExitInternal);
  const Result<int> port = port_of(*listener);
  if (!port) return exit_with(port.error(), kExitInternal);
  const Result<Child> server = start_child([&] { return engine.serve(std::move(*listener)); });
  if (!server) return exit_with(server.error(), kExitInternal);
  listener->reset();
  const int unknown = exit_code_of(Verdict::kUnknown);
  const std::string where = member.place.leader + " port " + std::to_string(member.port);
  Result<Wire> wire = join(member, *own);
  if (!wire) return exit_with({wire.error().kind, where, wire.error().what}, unknown);
  return Member(member, engine, *own, std::move(*wire)).run(*port);
}

}  // namespace efa
