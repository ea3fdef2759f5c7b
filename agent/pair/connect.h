// The control connection, from either end, until each knows that the other has the token and who
// it is.
#pragma once

#include <functional>
#include <optional>
#include <string>

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
Result<Fd> connect_to(const std::string& host, int64_t port);
// "10.0.0.5:41234" of who is at the other end.
std::string peer_of(int socket);

// Both give the hello of the other end; after that the wire beats.
Result<PairHello> greet_server(Wire& wire, const std::string& token, const PairHello& own);
// `claim`: takes the devices for this client, which has the token, and says who this is; nothing
// where another has them.
Result<PairHello> greet_client(Wire& wire, const std::string& token,
                               const std::function<std::optional<PairHello>()>& claim);
// To one for whom there is no room.
void refuse(Wire& wire, Refusal refusal);
// What an error of the wire is to the client.
Refusal refusal_of(const Error& error);

}  // namespace efa
