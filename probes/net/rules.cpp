#include "probes/net/rules.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

#include "probes/base/fd.h"

namespace efa {
namespace {

constexpr const char* kWhere = "RTM_GETRULE";

bool is_the_kernels_own(nlmsghdr* message) {
  constexpr uint32_t kOwn[] = {0, 32766, 32767};  // fib4_rules.c
  uint32_t priority = 0;                          // where there is no such attribute
  auto* rule = static_cast<fib_rule_hdr*>(NLMSG_DATA(message));
  auto* attribute =
      reinterpret_cast<rtattr*>(reinterpret_cast<char*>(rule) + NLMSG_ALIGN(sizeof(fib_rule_hdr)));
  auto left = static_cast<int>(NLMSG_PAYLOAD(message, sizeof(fib_rule_hdr)));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type == FRA_PRIORITY && RTA_PAYLOAD(attribute) == sizeof priority) {
      priority = *static_cast<uint32_t*>(RTA_DATA(attribute));
    }
  }
  return std::find(std::begin(kOwn), std::end(kOwn), priority) != std::end(kOwn);
}

// Adds those of one answer; false after the last.
Result<bool> take_answer(char* bytes, ssize_t size, int& count) {
  auto left = static_cast<unsigned>(size);
  for (auto* message = reinterpret_cast<nlmsghdr*>(bytes); NLMSG_OK(message, left);
       message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_type == NLMSG_DONE) return false;
    if (message->nlmsg_type == NLMSG_ERROR) {
      return system_error(-static_cast<nlmsgerr*>(NLMSG_DATA(message))->error, kWhere);
    }
    if (message->nlmsg_type == RTM_NEWRULE && !is_the_kernels_own(message)) ++count;
  }
  return true;
}

}  // namespace

Result<int> count_rules() {
  const Fd netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!netlink) return system_error(errno, kWhere);
  struct {
    nlmsghdr header;
    fib_rule_hdr rule;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETRULE;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.rule.family = AF_INET;
  if (send(netlink.get(), &request, sizeof request, 0) < 0) return system_error(errno, kWhere);
  constexpr size_t kAnswer = size_t{32} * 1024;  // of one part, as iproute2 takes it
  alignas(nlmsghdr) std::array<char, kAnswer> bytes;
  int count = 0;
  for (;;) {
    const ssize_t size = recv(netlink.get(), bytes.data(), bytes.size(), 0);
    if (size < 0) return system_error(errno, kWhere);
    const Result<bool> more = take_answer(bytes.data(), size, count);
    if (!more) return more.error();
    if (!*more) return count;
  }
}

}  // namespace efa
