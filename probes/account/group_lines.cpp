#include "probes/account/group_lines.h"

#include <fmt/core.h>

namespace efa {

std::vector<Described> described_rule(const std::string& group, Direction direction) {
  const bool out = direction == Direction::kOut;
  return {// a rule beside the default outbound one is reported to take that away, and CDK drops it
          {"CDK",
           {"// the group of every EFA interface; another one lets IP through",
            "const efa = new ec2.SecurityGroup(this, 'Efa', { vpc, allowAllOutbound: false });",
            "efa.connections.allowInternally(ec2.Port.allTraffic());"}},
          {"CloudFormation",
           {fmt::format("{}: {{Type: AWS::EC2::SecurityGroup{}, Properties: {{GroupId: {}, "
                        "IpProtocol: \"-1\", {}SecurityGroupId: {}}}}}",
                        out ? "EfaOut" : "EfaIn", out ? "Egress" : "Ingress", group,
                        out ? "Destination" : "Source", group)}},
          {"Terraform",
           {fmt::format("resource \"aws_vpc_security_group_{}_rule\" \"efa\" {{",
                        out ? "egress" : "ingress"),
            fmt::format("  security_group_id            = \"{}\"", group),
            fmt::format("  referenced_security_group_id = \"{}\"", group),
            "  ip_protocol                  = \"-1\"", "}"}}};
}

}  // namespace efa
