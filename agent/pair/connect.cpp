#include "agent/pair/connect.h"

#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

namespace efa {
namespace {

using Clock = Wire::Clock;
using std::chrono::milliseconds;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Result<Addresses> addresses_of(const std::string& host, int64_t port, int flags) {
  setenv("RES_OPTIONS", "timeout:2 attempts:2", 0);  // resolv.conf(5): a name is a step too
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                 std::to_string(port).c_str(), &hints, &found);
  if (failed != 0) return Error{ErrorKind::kNotFound, kNameFailed, gai_strerror(failed)};
  return Addresses(found, freeaddrinfo);
}

Error failed_to(const char* where) {
  return system_error(errno, where);
}

Result<Fd> connect_one(const addrinfo& address, Clock::time_point end) {
  Fd socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed_to(kConnectFailed);
  if (connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return socket;
  if (errno != EINPROGRESS) return failed_to(kConnectFailed);
  pollfd wait{socket.get(), POLLOUT, 0};
  const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
  if (poll(&wait, 1, static_cast<int>(std::max<int64_t>(left.count(), 0))) <= 0) {
    errno = ETIMEDOUT;
    return failed_to(kConnectFailed);
  }
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  errno = error;
  if (error != 0) return failed_to(kConnectFailed);
  return socket;
}

Result<Fd> listen_at(const addrinfo& address) {
  Fd socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return failed_to("socket");
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int off = 0;
  if (address.ai_family == AF_INET6) {
    setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  }
  if (bind(socket.get(), address.ai_addr, address.ai_addrlen) != 0) return failed_to("bind");
  // the ranks of a mesh come all at once; the kernel cuts it to net.core.somaxconn
  if (listen(socket.get(), SOMAXCONN) != 0) return failed_to("listen");
  return socket;
}

std::pair<std::string, std::string> names_of_peer(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  char host[NI_MAXHOST] = "";
  char port[NI_MAXSERV] = "";
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (getpeername(socket, generic, &size) != 0 ||
      getnameinfo(generic, size, host, sizeof host, port, sizeof port,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return {};
  }
  return {host, port};
}

Error refused(const std::string& word) {
  return {ErrorKind::kDenied, kRefusedByServer, refusal_words(word)};
}

Error other_protocol(int protocol) {
  return {ErrorKind::kMalformed, kOtherProtocol,
          fmt::format("the server speaks protocol {}, this client {}", protocol, kPairProtocol)};
}

}  // namespace

Result<Fd> listen_on(const std::string& address, int64_t port) {
  const Result<Addresses> addresses = addresses_of(address, port, AI_PASSIVE);
  if (!addresses) return addresses.error();
  Result<Fd> best = malformed(address, "no address to listen at");
  for (const addrinfo* one = addresses->get(); one != nullptr; one = one->ai_next) {
    Result<Fd> socket = listen_at(*one);
    // "::" takes clients of IPv4 too
    if (socket && one->ai_family == AF_INET6) return socket;
    if (socket) {
      best = std::move(socket);
    } else if (!best) {
      best = socket.error();
    }
  }
  return best;
}

Result<Fd> connect_to(const std::string& host, int64_t port) {
  const Result<Addresses> addresses = addresses_of(host, port, 0);
  if (!addresses) return addresses.error();
  const Clock::time_point end = Clock::now() + Wire::kForStep;
  Result<Fd> socket = malformed(kNameFailed, "no address");
  for (const addrinfo* one = addresses->get(); one != nullptr && !socket; one = one->ai_next) {
    socket = connect_one(*one, end);
  }
  return socket;
}

Result<int> port_of(const Fd& listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return failed_to("getsockname");
  }
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::string peer_of(int socket) {
  const auto [host, port] = names_of_peer(socket);
  return host.empty() ? "a client that is gone" : fmt::format("{} port {}", host, port);
}

std::string peer_host_of(int socket) {
  return names_of_peer(socket).first;
}

Result<PairHello> greet_server(Wire& wire, const std::string& token, const PairHello& own) {
  const auto end = [] { return Clock::now() + Wire::kForStep; };
  const Result<PairGreeting> greeting = hear_as<PairGreeting>(wire, end());
  if (!greeting) return greeting.error();
  if (greeting->refused) return refused(*greeting->refused);
  if (greeting->program != kPairProgram || !is_nonce(greeting->nonce)) {
    return Error{ErrorKind::kMalformed, kOtherProtocol, "no server of efa-doctor pair is there"};
  }
  if (greeting->protocol != kPairProtocol) return other_protocol(greeting->protocol);
  const Result<std::string> nonce = chance();
  if (!nonce) return nonce.error();
  const PairNonces nonces{greeting->nonce, *nonce};
  const Result<Done> claimed =
      wire.say(PairClaim{kPairProtocol, *nonce, proof_of(token, PairRole::kClient, nonces)});
  if (!claimed) return claimed.error();
  const Result<PairWelcome> welcome = hear_as<PairWelcome>(wire, end());
  if (!welcome) return welcome.error();
  if (welcome->refused) return refused(*welcome->refused);
  if (!is_proof(welcome->proof, token, PairRole::kServer, nonces)) {
    return refused(word_of(Refusal::kProof));
  }
  const Result<Done> told = wire.say(PairWelcome{.hello = own});
  if (!told) return told.error();
  wire.begin_to_beat();
  return welcome->hello;
}

Result<Done> ClientGreeting::begin(Wire& wire) {
  const Result<std::string> nonce = chance();
  if (!nonce) return nonce.error();
  nonce_ = *nonce;
  return wire.say(PairGreeting{kPairProgram, kPairProtocol, nonce_, {}});
}

Result<PairNonces> ClientGreeting::check_claim(const Value& line) const {
  const Result<PairClaim> claimed = from_value<PairClaim>(line, "a line");
  if (!claimed) return claimed.error();
  if (claimed->protocol != kPairProtocol) {
    return Error{ErrorKind::kMalformed, kOtherProtocol,
                 fmt::format("the client speaks protocol {}", claimed->protocol)};
  }
  PairNonces nonces{nonce_, claimed->nonce};
  if (!is_nonce(claimed->nonce) || !is_proof(claimed->proof, token_, PairRole::kClient, nonces)) {
    return Error{ErrorKind::kDenied, kRefusedByServer, "the client has another token"};
  }
  return nonces;
}

Result<std::optional<PairHello>> ClientGreeting::take(Wire& wire, const Value& line) {
  if (welcomed_) {
    Result<PairWelcome> hello = from_value<PairWelcome>(line, "a line");
    if (!hello) return hello.error();
    wire.begin_to_beat();
    return std::optional(std::move(hello->hello));
  }
  const Result<PairNonces> nonces = check_claim(line);
  if (!nonces) return nonces.error();
  const std::optional<PairHello> own = claim_();
  if (!own) return Error{ErrorKind::kTimedOut, kBusyServer, "another client is served"};
  const Result<Done> welcomed =
      wire.say(PairWelcome{proof_of(token_, PairRole::kServer, *nonces), *own, {}});
  if (!welcomed) return welcomed.error();
  welcomed_ = true;
  return std::optional<PairHello>();
}

Result<PairHello> greet_client(Wire& wire, const std::string& token,
                               const std::function<std::optional<PairHello>()>& claim) {
  const Clock::time_point end = Clock::now() + Wire::kForStep;
  ClientGreeting greeting(token, claim);
  const Result<Done> begun = greeting.begin(wire);
  if (!begun) return begun.error();
  while (true) {
    const Result<Value> line = wire.hear(end);
    if (!line) return line.error();
    Result<std::optional<PairHello>> hello = greeting.take(wire, *line);
    if (!hello) return hello.error();
    if (*hello) return std::move(**hello);
  }
}

void say_refused(Wire& wire, Refusal refusal) {
  Value line;
  line.set("program", kPairProgram);
  line.set("protocol", kPairProtocol);
  line.set("refused", word_of(refusal));
  (void)wire.say(line);
}

void refuse(Wire& wire, Refusal refusal) {
  say_refused(wire, refusal);
  wire.end();
}

Refusal refusal_of(const Error& error) {
  if (error.where == kOtherProtocol) return Refusal::kProtocol;
  if (error.where == kBusyServer) return Refusal::kBusy;
  switch (error.kind) {
    case ErrorKind::kDenied:
      return Refusal::kProof;
    case ErrorKind::kTooLarge:
      return Refusal::kTooLong;
    case ErrorKind::kTimedOut:
      return Refusal::kSlow;
    default:
      return Refusal::kGarbage;
  }
}

}  // namespace efa
