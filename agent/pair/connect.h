// The control connection, from either end, until each knows that the other has the token and who
// it is.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/pair/proof.h"
#include "agent/pair/protocol.h"
#include "agent/pair/wire.h"

namespace efa {

// The `where` of errors.
inline constexpr const char* kNameFailed = "name";
inline constexpr const char* kConnectFailed = "connect";
inline constexpr const char* kRefusedByServer = "refused";
inline constexpr const char* kOtherProtocol = "protocol";
inline constexpr const char* kBusyServer = "busy";

Result<Fd> listen_on(const std::string& address, int64_t port);
// The port that it was given, where it was asked for any: 0.
Result<int> port_of(const Fd& listener);
Result<Fd> connect_to(const std::string& host, int64_t port);
// "10.0.0.5 port 41234" of who is at the other end.
std::string peer_of(int socket);
std::string peer_host_of(int socket);  // "" when it is gone

// Both give the hello of the other end; after that the wire beats.
Result<PairHello> greet_server(Wire& wire, const std::string& token, const PairHello& own);
// `claim`: takes the devices for this client, which has the token, and says who this is; nothing
// where another has them.
Result<PairHello> greet_client(Wire& wire, const std::string& token,
                               const std::function<std::optional<PairHello>()>& claim);

// The same line by line, for one who greets many at once.
class ClientGreeting {
 public:
  ClientGreeting(std::string token, std::function<std::optional<PairHello>()> claim)
      : token_(std::move(token)), claim_(std::move(claim)) {}

  Result<Done> begin(Wire& wire);
  // What the client said next; its hello once that is it.
  Result<std::optional<PairHello>> take(Wire& wire, const Value& line);

 private:
  [[nodiscard]] Result<PairNonces> check_claim(const Value& line) const;

  std::string token_;
  std::function<std::optional<PairHello>()> claim_;
  std::string nonce_;
  bool welcomed_ = false;
};
// To one for whom there is no room.
void say_refused(Wire& wire, Refusal refusal);
// And reads for a moment what it still says, so that it reads that (Wire::end).
void refuse(Wire& wire, Refusal refusal);
// What an error of the wire is to the client.
Refusal refusal_of(const Error& error);

}  // namespace efa
