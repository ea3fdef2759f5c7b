#include "probes/net/rules.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "probes/base/fd.h"

namespace efa {
namespace {

constexpr const char* kWhere = "RTM_GETRULE";

std::string text_of(const void* bytes, uint8_t length) {
  char text[INET_ADDRSTRLEN];
  if (inet_ntop(AF_INET, bytes, text, sizeof text) == nullptr) return "";
  return std::string(text) + "/" + std::to_string(length);
}

RoutingRule parse_rule(nlmsghdr* message) {
  RoutingRule parsed;
  auto* rule = static_cast<fib_rule_hdr*>(NLMSG_DATA(message));
  auto* attribute =
      reinterpret_cast<rtattr*>(reinterpret_cast<char*>(rule) + NLMSG_ALIGN(sizeof(fib_rule_hdr)));
  auto left = static_cast<int>(NLMSG_PAYLOAD(message, sizeof(fib_rule_hdr)));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    const size_t size = RTA_PAYLOAD(attribute);
    const auto* bytes = static_cast<const char*>(RTA_DATA(attribute));
    if (attribute->rta_type == FRA_PRIORITY && size == sizeof parsed.priority) {
      parsed.priority = *static_cast<uint32_t*>(RTA_DATA(attribute));
    } else if (attribute->rta_type == FRA_SRC && size == sizeof(in_addr)) {
      parsed.source = text_of(bytes, rule->src_len);
    } else if (attribute->rta_type == FRA_IIFNAME || attribute->rta_type == FRA_OIFNAME) {
      parsed.interface.assign(bytes, strnlen(bytes, size));
    }
  }
  return parsed;
}

// Adds those of one answer; false after the last.
Result<bool> take_answer(char* bytes, ssize_t size, RoutingRules& rules) {
  auto left = static_cast<unsigned>(size);
  for (auto* message = reinterpret_cast<nlmsghdr*>(bytes); NLMSG_OK(message, left);
       message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_type == NLMSG_DONE) return false;
    if (message->nlmsg_type == NLMSG_ERROR) {
      return system_error(-static_cast<nlmsgerr*>(NLMSG_DATA(message))->error, kWhere);
    }
    if (message->nlmsg_type == RTM_NEWRULE) take_rule(parse_rule(message), rules);
  }
  return true;
}

}  // namespace

void take_rule(const RoutingRule& rule, RoutingRules& rules) {
  constexpr uint32_t kOwn[] = {0, 32766, 32767};  // fib4_rules.c
  constexpr size_t kMost = 1024;                  // a node with many pods has a rule for each
  if (std::find(std::begin(kOwn), std::end(kOwn), rule.priority) != std::end(kOwn)) return;
  ++rules.count;
  for (const std::string* of : {&rule.source, &rule.interface}) {
    if (rules.of && !of->empty()) rules.of->push_back(*of);
  }
  // a part of them would look as though there were no rule of an interface
  if (rules.of && rules.of->size() > kMost) rules.of.reset();
}

Result<RoutingRules> read_rules() {
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
  RoutingRules rules;
  for (;;) {
    const ssize_t size = recv(netlink.get(), bytes.data(), bytes.size(), 0);
    if (size < 0) return system_error(errno, kWhere);
    const Result<bool> more = take_answer(bytes.data(), size, rules);
    if (!more) return more.error();
    if (!*more) return rules;
  }
}

}  // namespace efa
