#include "agent/pair/pingpong.h"

#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <thread>

#include "agent/pair/copies.h"
#include "probes/base/child.h"
#include "probes/base/text.h"
#include "probes/base/way.h"
#include "probes/protocol/emitter.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLimit{20'000};  // of one size
constexpr const char* kRounds = "1000";

std::string program_of(const PairCopy& copy) {
  if (copy.directory.empty()) return "/usr/bin/fi_pingpong";
  return std::filesystem::path(copy.directory).parent_path().string() + "/bin/fi_pingpong";
}

// Before 1.18 the fabric has the name of the device's GID, and is the only one.
bool has_fabric_name(const std::string& version) {
  constexpr int kSince = 18;
  const std::vector<std::string> parts = split(version, '.');
  const auto major = parse_number<int>(parts[0]);
  const auto minor = parse_number<int>(parts.size() > 1 ? parts[1] : "");
  return major && minor && (*major > 1 || *minor >= kSince);
}

std::vector<std::string> arguments_of(const Pingpong& pingpong) {
  std::vector<std::string> arguments{program_of(pingpong.copy),
                                     "-p",
                                     "efa",
                                     "-e",
                                     "rdm",
                                     "-d",
                                     pingpong.device + "-rdm",
                                     "-I",
                                     kRounds,
                                     "-S",
                                     std::to_string(pingpong.bytes)};
  if (has_fabric_name(pingpong.version)) arguments.insert(arguments.end(), {"-f", "efa"});
  if (!pingpong.host.empty()) arguments.push_back(pingpong.host);
  return arguments;
}

std::string why_not(const std::string& program) {
  if (access(program.c_str(), X_OK) != 0) return program + " is not there";
  return geteuid() == 0 ? who_else_changes(program) : "";
}

RunningCommand::Printed output_of(const Pingpong& pingpong, Clock::time_point end) {
  constexpr size_t kMostText = size_t{64} * 1024;
  Result<RunningCommand> running =
      RunningCommand::start(arguments_of(pingpong), environment_for(pingpong.copy));
  return running ? running->output(end, kMostText) : RunningCommand::Printed();
}

// The other node's may not listen yet.
std::optional<int64_t> measure(const Pingpong& pingpong) {
  constexpr milliseconds kBetweenTries{300};
  const Clock::time_point end = Clock::now() + kLimit;
  while (Clock::now() < end) {
    const auto took = parse_pingpong(output_of(pingpong, end).text);
    if (took) return took;
    std::this_thread::sleep_for(kBetweenTries);
  }
  return std::nullopt;
}

}  // namespace

std::optional<int64_t> parse_pingpong(const std::string& printed) {
  constexpr size_t kColumns = 8;
  constexpr size_t kTotalTime = 4;
  constexpr size_t kMicroseconds = 6;
  constexpr double kNsOfUs = 1e3;
  const std::vector<std::string> lines = split(std::string(trim(printed)), '\n');
  const std::vector<std::string> columns = words(lines.back());
  if (columns.size() != kColumns || !columns[kTotalTime].ends_with("s")) return std::nullopt;
  char* rest = nullptr;
  const double took = std::strtod(columns[kMicroseconds].c_str(), &rest);
  if (*rest != '\0' || !(took > 0)) return std::nullopt;
  return std::llround(took * kNsOfUs);
}

int run_pingpong(const Pingpong& pingpong, const Fd& socket) {
  const Emitter out(socket.get());
  PairAnswer answer{.step = word_of(PairStep::kCompare)};
  const std::string program = program_of(pingpong.copy);
  const std::string why = why_not(program);
  if (!why.empty()) answer.failed = {program, why, 0};
  if (pingpong.host.empty()) {
    out.line(to_value(answer));
    if (why.empty()) (void)output_of(pingpong, Clock::now() + kLimit);
    return 0;
  }
  if (why.empty()) answer.took_ns = measure(pingpong);
  if (why.empty() && !answer.took_ns) answer.failed = {program, "it told no figure in time", 0};
  out.line(to_value(answer));
  return 0;
}

void compare(PairEnd& own, PairEnd& other, PairRail& rail) {
  const auto ask = [&](PairEnd& end, const PairDevice& device, int copy, uint64_t bytes) {
    PairOrder order{.step = word_of(PairStep::kCompare), .rail = device.rail, .copy = copy};
    order.bytes = bytes;
    order.ms = kLimit.count();
    return end.ask(order);
  };
  for (PairFigure& figure : rail.figures) {
    const PairAnswer there = ask(other, rail.other, rail.copies.other, figure.bytes);
    const PairAnswer here =
        went_well(there) ? ask(own, rail.own, rail.copies.own, figure.bytes) : there;
    figure.pingpong_ns = here.took_ns;
    if (here.took_ns) continue;
    rail.not_compared = here.failed ? here.failed->what + ": " + here.failed->reason
                                    : "the process that starts fi_pingpong ended";
    break;
  }
  for (PairEnd* end : {&own, &other}) end->ask({.step = word_of(PairStep::kRelease)});
}

}  // namespace efa
