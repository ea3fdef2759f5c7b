#include "agent/pair/server.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>
#include <vector>

#include "agent/log/log.h"
#include "agent/pair/connect.h"
#include "agent/pair/ends.h"
#include "agent/pair/hello.h"
#include "agent/pair/proof.h"
#include "probes/base/exit_codes.h"
#include "probes/base/files.h"
#include "probes/base/printable.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Those that have not said yet that they have the token, and the one that is served.
constexpr size_t kMostClients = 16;

enum SessionExit { kRefused, kServed };

void print(const std::string& line) {
  (void)write_all(STDOUT_FILENO, printable(line) + "\n", "standard output");
}

struct Token {
  std::string text;
  bool made = false;
};

Result<Token> take_token(const std::string& file) {
  const bool made = file.empty();
  const Result<std::string> token = made ? chance() : read_token(file);
  if (!token) return token.error();
  return Token{*token, made};
}

// One client, in a process of its own.
class Session {
 public:
  Session(const PairService& service, const Fd& devices, Fd socket)
      : service_(service),
        devices_(devices),
        client_(peer_of(socket.get())),
        wire_(std::move(socket)) {}

  int run() {
    const Result<PairHello> client = greet_client(wire_, service_.token, [&] { return claim(); });
    if (!client) {
      service_.tell(fmt::format("{}: not served: {}", client_, client.error().what));
      if (client.error().kind != ErrorKind::kNotFound) refuse(wire_, refusal_of(client.error()));
      return kRefused;
    }
    service_.tell(fmt::format("{}: tests {} ({})", client_,
                              client->instance_id.value_or("its node"),
                              client->instance_type.value_or("type unknown")));
    serve();
    return kServed;
  }

 private:
  // A lock of this process, which goes with it however it ends: fcntl_locking(2).
  [[nodiscard]] bool has_devices() const {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    return fcntl(devices_.get(), F_SETLK, &lock) == 0;
  }

  // What the metadata says may have changed since the last client, whose process may still be about
  // to end.
  std::optional<PairHello> claim() {
    constexpr milliseconds kForLast{1'000};
    constexpr milliseconds kBetweenTries{20};
    const Clock::time_point end = Clock::now() + kForLast;
    while (!has_devices()) {
      if (Clock::now() >= end) return std::nullopt;
      std::this_thread::sleep_for(kBetweenTries);
    }
    Result<PairHello> hello = service_.hello();
    if (hello) hello_ = std::move(*hello);
    return hello_;
  }

  void serve() {
    constexpr milliseconds kForNext{2 * kMostPairSeconds * 1000};  // who leads asks its own device
    OwnEnd end(service_.ground, hello_, wire_);
    while (true) {
      const Result<PairOrder> order = hear_as<PairOrder>(wire_, Clock::now() + kForNext);
      const std::string wrong = order ? why_not(*order) : "";
      if (!order || !wrong.empty()) {
        service_.tell(fmt::format("{}: {}", client_, order ? wrong : order.error().what));
        if (order || order.error().kind != ErrorKind::kNotFound) {
          refuse(wire_, Refusal::kGarbage);
        }
        return;
      }
      if (order->step == word_of(PairStep::kBye)) {
        service_.tell(
            fmt::format("{}: {}", client_, printable(order->words.value_or("done"), kForWords)));
        return;
      }
      if (!wire_.say(end.ask(*order))) {
        service_.tell(client_ + ": it is gone");
        return;
      }
    }
  }

  static constexpr size_t kForWords = 200;

  const PairService& service_;
  const Fd& devices_;
  PairHello hello_;
  std::string client_;
  Wire wire_;
};

class Server {
 public:
  Server(const PairService& service, Fd listener, Fd devices)
      : service_(service), listener_(std::move(listener)), devices_(std::move(devices)) {}

  // Until one was served, where that is all.
  void run() {
    constexpr milliseconds kBetweenLooks{100};
    while (!(reap() && service_.once)) {
      if (is_readable_within(listener_.get(), kBetweenLooks)) take_client();
    }
  }

 private:
  // Whether one of those that ended was served.
  bool reap() {
    bool served = false;
    std::erase_if(clients_, [&](Child& client) {
      const std::optional<int> status = client.wait(milliseconds(0));
      served = served || (status && WIFEXITED(*status) && WEXITSTATUS(*status) == kServed);
      return status.has_value();
    });
    return served;
  }

  void take_client() {
    Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;  // it has gone again
    if (clients_.size() >= kMostClients) {
      Wire wire(std::move(socket));
      refuse(wire, Refusal::kBusy);
      return;
    }
    Result<Child> client = start_child([&] {
      listener_.reset();
      return Session(service_, devices_, std::move(socket)).run();
    });
    if (client) clients_.push_back(std::move(*client));
  }

  const PairService& service_;
  Fd listener_;
  Fd devices_;
  std::vector<Child> clients_;
};

void tell_what_is_there(const PairHello& hello, const PairOptions& options, const Token& token) {
  print(fmt::format("efa-doctor pair server: port {}, {} EFA device{}", options.port,
                    hello.devices.size(), hello.devices.size() == 1 ? "" : "s"));
  if (token.made) print("token: " + token.text);
}

template <class T>
int told(const Result<T>& result) {
  log_error("{}", message_of(result.error()));
  return kExitUsage;
}

}  // namespace

Result<Done> serve_pairs(const PairService& service, Fd listener) {
  Result<Fd> devices = memory_file("devices");
  if (!devices) return devices.error();
  Server(service, std::move(listener), std::move(*devices)).run();
  return Done{};
}

int run_pair_server(const PairGround& ground, const PairOptions& options) {
  const Result<Token> token = take_token(options.token_file);
  if (!token) return told(token);
  const Result<PairHello> hello = read_hello(ground, options);
  if (!hello) return told(hello);
  if (hello->devices.empty()) {
    print(fmt::format("efa-doctor pair server: this node has {}", why_no_device(*hello)));
    print("efa-doctor --once tells more");
    return exit_code_of(Verdict::kUnknown);
  }
  Result<Fd> listener = listen_on(options.bind, options.port);
  if (!listener) return told(listener);
  tell_what_is_there(*hello, options, *token);
  const PairService service{.ground = ground,
                            .token = token->text,
                            .once = options.once,
                            .hello = [&] { return read_hello(ground, options); },
                            .tell = print};
  const Result<Done> served = serve_pairs(service, std::move(*listener));
  return served ? 0 : told(served);
}

}  // namespace efa
