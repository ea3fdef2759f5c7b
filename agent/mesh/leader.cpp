#include "agent/mesh/leader.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "agent/log/log.h"
#include "agent/mesh/protocol.h"
#include "agent/mesh/rounds.h"
#include "agent/pair/connect.h"
#include "agent/pair/wire.h"
#include "probes/base/printable.h"
#include "probes/base/text.h"

namespace efa {
namespace {

using Clock = Wire::Clock;
using std::chrono::milliseconds;

// A connection: of somebody who is greeted, then of a rank.
struct Guest {
  Wire wire;
  ClientGreeting greeting;
  Clock::time_point until;  // to say who it is
  std::optional<PairHello> hello;
  int rank = -1;
  std::string host;
  int port = 0;
};

class Leader {
 public:
  Leader(const MeshLead& lead, const Fd& listener) : lead_(lead), listener_(listener) {
    mesh_.nodes.resize(static_cast<size_t>(lead.place.ranks));
    guests_of_.resize(mesh_.nodes.size(), nullptr);
    for (size_t rank = 0; rank < mesh_.nodes.size(); ++rank) {
      mesh_.nodes[rank].name =
          rank < lead.place.names.size() ? lead.place.names[rank] : fmt::format("rank-{}", rank);
    }
  }

  MeshFacts run() {
    const Clock::time_point end = Clock::now() + lead_.wait;
    while (joined_ < mesh_.nodes.size() && Clock::now() < end) look(/*open=*/true);
    while (true) {
      const auto pairs = next_round(mesh_, lead_.seed);
      if (pairs.empty()) break;
      play(pairs);
    }
    for (const auto& guest : guests_) (void)guest->wire.say(MeshOrder{.step = kMeshEnd});
    for (const auto& guest : guests_) guest->wire.end();
    return std::move(mesh_);
  }

 private:
  MeshNode& node_of(int rank) { return mesh_.nodes[static_cast<size_t>(rank)]; }

  void play(const std::vector<std::pair<int, int>>& pairs) {
    // longer than a rank lets a test last
    constexpr milliseconds kForRound{240'000};
    ++mesh_.rounds;
    for (const auto& [one, other] : pairs) {
      const Guest& peer = *guests_of_[static_cast<size_t>(other)];
      Guest& first = *guests_of_[static_cast<size_t>(one)];
      waited_for_[one] = mesh_.meetings.size();
      mesh_.meetings.push_back({.round = mesh_.rounds, .one = one, .other = other, .outcome = {}});
      const Result<Done> said = first.wire.say(
          MeshOrder{.step = kMeshTest, .peer = other, .host = peer.host, .port = peer.port});
      if (!said) lose(one, said.error().what);
    }
    const Clock::time_point end = Clock::now() + kForRound;
    while (!waited_for_.empty() && Clock::now() < end) look(/*open=*/false);
    while (!waited_for_.empty())
      lose(waited_for_.begin()->first, "it did not end its test in time");
  }

  // Waits for a moment, and takes what came.
  void look(bool open) {
    constexpr milliseconds kMoment{200};
    std::vector<pollfd> polled{{listener_.get(), POLLIN, 0}};
    for (const auto& guest : guests_) polled.push_back({guest->wire.fd(), POLLIN, 0});
    if (poll(polled.data(), polled.size(), static_cast<int>(kMoment.count())) < 0) return;
    for (size_t i = 1; i < polled.size(); ++i) {
      if (polled[i].revents != 0) hear(*guests_[i - 1]);
    }
    if (Clock::now() >= next_beat_) beat();
    std::erase_if(guests_, [&](const auto& guest) { return gone_.contains(guest.get()); });
    gone_.clear();
    if ((polled[0].revents & POLLIN) != 0) accept_guests(open);
  }

  void accept_guests(bool open) {
    constexpr int kAtOnce = 256;  // then the others are heard again
    for (int i = 0; i < kAtOnce; ++i) {
      Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!socket) return;
      take_guest(std::move(socket), open);
    }
  }

  void take_guest(Fd socket, bool open) {
    constexpr size_t kStrangers = 64;  // connections beyond those of ranks
    constexpr milliseconds kToJoin{20'000};
    const std::string host = peer_host_of(socket.get());
    Wire wire(std::move(socket));
    if (!open || guests_.size() >= mesh_.nodes.size() + kStrangers) {
      return say_refused(wire, Refusal::kBusy);
    }
    auto guest = std::make_unique<Guest>(
        Guest{.wire = std::move(wire),
              .greeting = ClientGreeting(lead_.token, [this] { return std::optional(lead_.own); }),
              .until = Clock::now() + kToJoin,
              .hello = {},
              .host = host});
    if (guest->greeting.begin(guest->wire)) guests_.push_back(std::move(guest));
  }

  // Both ends say at short intervals that they live.
  void beat() {
    constexpr milliseconds kBetween{250};
    next_beat_ = Clock::now() + kBetween;
    for (const auto& guest : guests_) {
      if (gone_.contains(guest.get())) continue;
      const Result<Done> alive = guest->wire.beat();
      if (!alive && !guest->wire.has_early()) {
        drop(*guest, alive.error().what);
      } else if (guest->wire.has_early()) {
        hear(*guest);
      } else if (guest->rank < 0 && Clock::now() > guest->until) {
        refuse(guest->wire, Refusal::kSlow);
        drop(*guest, "it did not say in time which rank it is");
      }
    }
  }

  // All that is there.
  void hear(Guest& guest) {
    Result<Done> alive = guest.wire.beat();
    while (!gone_.contains(&guest)) {
      const Result<Value> line = guest.wire.hear(Clock::now());
      if (line) {
        take(guest, *line);
        continue;
      }
      if (!alive) {
        drop(guest, alive.error().what);
      } else if (line.error().kind != ErrorKind::kTimedOut) {
        drop(guest, line.error().what);
      }
      return;
    }
  }

  void take(Guest& guest, const Value& line) {
    const Result<Done> taken = !guest.hello     ? greet(guest, line)
                               : guest.rank < 0 ? join(guest, line)
                                                : take_result(guest, line);
    if (taken) return;
    refuse(guest.wire, refusal_of(taken.error()));
    drop(guest, taken.error().what);
  }

  static Result<Done> greet(Guest& guest, const Value& line) {
    Result<std::optional<PairHello>> hello = guest.greeting.take(guest.wire, line);
    if (!hello) return hello.error();
    guest.hello = std::move(*hello);
    return Done{};
  }

  Result<Done> join(Guest& guest, const Value& line) {
    constexpr size_t kLongestName = 253;  // of a host: RFC 1035
    constexpr int kMostPort = 65'535;
    const Result<MeshJoin> join = from_value<MeshJoin>(line, "a rank");
    if (!join) return join.error();
    const bool right = join->rank >= 0 && join->rank < lead_.place.ranks && join->port > 0 &&
                       join->port <= kMostPort;
    if (!right) return malformed("a rank", fmt::format("rank {} is none of ours", join->rank));
    const auto at = static_cast<size_t>(join->rank);
    MeshNode& node = mesh_.nodes[at];
    if (node.joined) {
      return malformed("a rank", fmt::format("rank {} is there already", join->rank));
    }
    guest.rank = join->rank;
    guest.port = join->port;
    if (guest.rank == 0) guest.host.clear();  // where it is, others know
    guests_of_[at] = &guest;
    node.joined = true;
    // it stands in commands that are pasted
    const bool is_host = join->name.size() <= kLongestName && is_made_of(join->name, "-._");
    if (is_host && !join->name.empty()) node.name = join->name;
    take_hello(*guest.hello, node);
    ++joined_;
    return Done{};
  }

  Result<Done> take_result(Guest& guest, const Value& line) {
    const auto waited = waited_for_.find(guest.rank);
    const Result<MeshAnswer> answer = from_value<MeshAnswer>(line, "a rank");
    if (!answer) return answer.error();
    if (waited == waited_for_.end()) return malformed("a rank", "nothing was asked of it");
    mesh_.meetings[waited->second].outcome = from_answer(*answer);
    waited_for_.erase(waited);
    return Done{};
  }

  void drop(Guest& guest, const std::string& why) {
    gone_.insert(&guest);
    if (guest.rank >= 0) {
      lose(guest.rank, why);
    } else {
      log_warning("{}: not taken as a rank: {}", guest.host, printable(why));
    }
  }

  // What it was asked is answered: nothing is known.
  void lose(int rank, const std::string& why) {
    node_of(rank).lost = printable(why);
    const auto waited = waited_for_.find(rank);
    if (waited == waited_for_.end()) return;
    mesh_.meetings[waited->second].outcome.words =
        fmt::format("{} was lost: {}", node_of(rank).name, node_of(rank).lost);
    waited_for_.erase(waited);
  }

  const MeshLead& lead_;
  const Fd& listener_;
  MeshFacts mesh_;
  std::vector<std::unique_ptr<Guest>> guests_;
  std::vector<Guest*> guests_of_;  // of each rank
  std::set<const Guest*> gone_;
  std::map<int, size_t> waited_for_;  // ranks that test, and their meetings
  size_t joined_ = 0;
  Clock::time_point next_beat_ = Clock::now();
};

}  // namespace

MeshFacts lead_mesh(const MeshLead& lead, const Fd& listener) {
  return Leader(lead, listener).run();
}

}  // namespace efa
