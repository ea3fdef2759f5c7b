// What the two ends of a test say to each other: JSON lines of at most 64 KiB over one TCP
// connection.
//
//   server  {"program":"efa-doctor pair","protocol":1,"nonce":"..."}
//   client  {"protocol":1,"nonce":"...","proof":"..."}
//   server  {"proof":"...","hello":{...}}
//   client  {"hello":{...}}
//   client  {"step":"setup","rail":0,...}     what the server is to do next
//   server  {"step":"setup",...}              and what came of it
//   either  {"alive":true}                    while something takes long
//   server  {"refused":"busy","protocol":1}   in place of any of its lines, then it closes
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "probes/base/unseen.h"
#include "probes/base/value.h"
#include "probes/cloud/facts.h"
#include "probes/data/facts.h"
#include "probes/data/library.h"
#include "probes/protocol/pci_address.h"

namespace efa {

inline constexpr const char* kPairProgram = "efa-doctor pair";
inline constexpr int kPairProtocol = 1;
inline constexpr size_t kLongestPairLine = size_t{64} * 1024;

enum class Refusal { kBusy, kProtocol, kProof, kTooLong, kGarbage, kSlow };
const char* word_of(Refusal refusal);
// For people; of a word that is none of them, that.
std::string refusal_words(const std::string& word);

struct PairGreeting {
  std::string program;
  int protocol = 0;
  std::string nonce;
  std::optional<std::string> refused;
};

template <class Io>
void describe(Io& io, PairGreeting& greeting) {
  io("program", greeting.program);
  io("protocol", greeting.protocol);
  io("nonce", greeting.nonce);
  io("refused", greeting.refused);
}

struct PairClaim {
  int protocol = 0;
  std::string nonce;
  std::string proof;
};

template <class Io>
void describe(Io& io, PairClaim& claim) {
  io("protocol", claim.protocol);
  io("nonce", claim.nonce);
  io("proof", claim.proof);
}

struct PairDevice {
  int rail = 0;  // its place among all EFA devices of its node, by PCI address
  PciAddress address;
  std::string name;
  std::optional<std::string> gid;  // as sysfs shows it
  // once it was set up
  std::optional<uint32_t> mtu;
  std::optional<bool> reads;
  std::optional<bool> writes;
};

template <class Io>
void describe(Io& io, PairDevice& device) {
  io("rail", device.rail);
  io("address", device.address);
  io("name", device.name);
  io("gid", device.gid);
  io("mtu", device.mtu);
  io("reads", device.reads);
  io("writes", device.writes);
}

struct PairInterface {
  std::string mac;
  std::optional<std::string> subnet_id;
  std::optional<std::string> vpc_id;
  std::vector<std::string> security_group_ids;
};

template <class Io>
void describe(Io& io, PairInterface& interface) {
  io("mac", interface.mac);
  io("subnet_id", interface.subnet_id);
  io("vpc_id", interface.vpc_id);
  io("security_group_ids", interface.security_group_ids);
}

// A libfabric of a node, by which its devices can be tested too.
struct PairCopy {
  std::string directory;  // that leads the loader to it; "": it finds it by itself
  std::string file;
  std::string why_not;  // root does not load it; "": it does
};

template <class Io>
void describe(Io& io, PairCopy& copy) {
  io("directory", copy.directory);
  io("file", copy.file);
  io("why_not", copy.why_not);
}

// Who an end is, and where. What the metadata service did not say is absent.
struct PairHello {
  std::string agent;  // versions
  std::optional<std::string> kernel;
  std::optional<std::string> driver;
  std::optional<std::string> rdma_core;
  MetadataStatus metadata_status = MetadataStatus::kNotAsked;
  std::optional<std::string> instance_id;
  std::optional<std::string> instance_type;
  std::optional<std::string> zone_id;
  std::optional<std::string> placement_group;
  std::vector<PairInterface> interfaces;
  std::vector<PairDevice> devices;  // those that are tested
  std::vector<PairCopy> copies;
  std::optional<Unseen> list_failed;
  std::optional<int64_t> lockable;  // bytes; absent: any number
};

template <class Io>
void describe(Io& io, PairHello& hello) {
  io("agent", hello.agent);
  io("kernel", hello.kernel);
  io("driver", hello.driver);
  io("rdma_core", hello.rdma_core);
  io("metadata_status", hello.metadata_status);
  io("instance_id", hello.instance_id);
  io("instance_type", hello.instance_type);
  io("zone_id", hello.zone_id);
  io("placement_group", hello.placement_group);
  io("interfaces", hello.interfaces);
  io("devices", hello.devices);
  io("copies", hello.copies);
  io("list_failed", hello.list_failed);
  io("lockable", hello.lockable);
}

// Why there is nothing to test: "no EFA device", or why none could be listed.
std::string why_no_device(const PairHello& hello);

struct PairWelcome {
  std::string proof;  // of a client there is none any more
  PairHello hello;
  std::optional<std::string> refused;
};

template <class Io>
void describe(Io& io, PairWelcome& welcome) {
  io("proof", welcome.proof);
  io("hello", welcome.hello);
  io("refused", welcome.refused);
}

// Of DataAddress, in JSON.
struct PairAddress {
  std::string gid;  // 32 hexadecimal digits
  uint32_t number = 0;
  uint32_t key = 0;
  uint64_t memory = 0;
  uint32_t memory_key = 0;
  std::string name;  // of libfabric's endpoint, in hexadecimal digits
};

template <class Io>
void describe(Io& io, PairAddress& address) {
  io("gid", address.gid);
  io("number", address.number);
  io("key", address.key);
  io("memory", address.memory);
  io("memory_key", address.memory_key);
  io("name", address.name);
}

PairAddress to_pair(const DataAddress& address);
std::optional<DataAddress> from_pair(const PairAddress& address);

// What one end's device is to do, in the order in which that makes sense.
enum class PairStep {
  kSetup,     // all up to a queue pair that can send
  kReach,     // an address handle for the peer
  kReceive,   // post one receive of `bytes`
  kSend,      // send `bytes` once
  kReceived,  // what came of the receive; `sent`: the sender has its completion
  kEcho,      // answer each message of `bytes` for at most `ms`; what came of it: kEnded
  kPing,      // send such messages, and take the time of each
  kSink,      // take messages of `bytes`; what came of it: kEnded
  kStream,    // send such messages, as many as go
  kWrite,     // RDMA write to the peer's memory, as many as go
  kRead,      // RDMA read of it
  kEnded,
  kDigest,    // of what lies in the half that is received in
  kCounters,  // once they are no older than now
  kLook,      // who uses the device by now
  kCompare,   // fi_pingpong, with messages of `bytes`: it is started, or how long one took
  kRelease,   // the process ends, and all it had with it
  kBye,       // the client has its report; of a server, to no device
};
const char* word_of(PairStep step);
std::optional<PairStep> pair_step(std::string_view word);

inline constexpr int kNoCopy = -1;

struct PairOrder {
  std::string step;
  int rail = 0;
  int copy = kNoCopy;  // of kSetup: which of the end's libfabrics; without, libibverbs
  uint64_t bytes = 0;
  int64_t ms = 0;
  bool sent = false;
  std::optional<PairAddress> address;
  std::optional<std::string> words;  // of kBye: the verdict
};

template <class Io>
void describe(Io& io, PairOrder& order) {
  io("step", order.step);
  io("rail", order.rail);
  io("copy", order.copy);
  io("bytes", order.bytes);
  io("ms", order.ms);
  io("sent", order.sent);
  io("address", order.address);
  io("words", order.words);
}

// What is wrong with an order that came from outside; "" when nothing is.
std::string why_not(const PairOrder& order);

struct PairLatency {
  uint64_t rounds = 0;
  int64_t least_ns = 0;  // half round trips
  int64_t median_ns = 0;
  int64_t p99_ns = 0;
  int64_t mean_ns = 0;
};

template <class Io>
void describe(Io& io, PairLatency& latency) {
  io("rounds", latency.rounds);
  io("least_ns", latency.least_ns);
  io("median_ns", latency.median_ns);
  io("p99_ns", latency.p99_ns);
  io("mean_ns", latency.mean_ns);
}

struct PairAnswer {
  std::string step;
  std::optional<Unseen> failed;      // the call that failed
  std::optional<std::string> hung;   // the step that the process did not end in time
  std::optional<std::string> ended;  // how the process ended that had the device
  std::optional<std::string> gone;   // how the control connection ended; said by nobody else
  std::vector<int> holders;          // who uses the device; then it is not touched
  bool other_test = false;           // it is another data test
  bool users_unseen = false;         // not all could be looked at in time; it is not touched
  std::optional<DataTransfer>
      transfer;                       // that was sent or received, or of many the one that failed
  uint64_t messages = 0;              // that went well
  std::optional<std::string> digest;  // SHA-256 of what was sent or received
  std::optional<PairAddress> address;
  std::optional<std::string> library;  // the file
  std::optional<std::string> version;  // its own word
  std::optional<uint32_t> mtu;
  std::optional<uint32_t> max_rdma;
  std::optional<bool> reads;
  std::optional<bool> writes;
  std::optional<int64_t> lockable;
  std::map<std::string, uint64_t> counters;
  std::optional<PairLatency> latency;
  std::optional<int64_t> took_ns;  // of `messages`
};

template <class Io>
void describe(Io& io, PairAnswer& answer) {
  io("step", answer.step);
  io("failed", answer.failed);
  io("hung", answer.hung);
  io("ended", answer.ended);
  io("holders", answer.holders);
  io("other_test", answer.other_test);
  io("users_unseen", answer.users_unseen);
  io("transfer", answer.transfer);
  io("messages", answer.messages);
  io("digest", answer.digest);
  io("address", answer.address);
  io("library", answer.library);
  io("version", answer.version);
  io("mtu", answer.mtu);
  io("max_rdma", answer.max_rdma);
  io("reads", answer.reads);
  io("writes", answer.writes);
  io("lockable", answer.lockable);
  io("counters", answer.counters);
  io("latency", answer.latency);
  io("took_ns", answer.took_ns);
}

// Did the step go well?
bool went_well(const PairAnswer& answer);

}  // namespace efa
