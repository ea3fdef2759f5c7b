#include "probes/template/plan.h"

#include <functional>
#include <map>

#include "probes/template/plan_values.h"

namespace efa {
namespace {

constexpr const char* kIngress = "AWS::EC2::SecurityGroupIngress";
constexpr const char* kEgress = "AWS::EC2::SecurityGroupEgress";

using Planned = PlanIndex::Planned;

// A map that is put together.
class Map {
 public:
  Map& put(const char* name, Term value) {
    if (!value.is_nothing()) term_.put(name, std::move(value));
    return *this;
  }
  Term take() { return std::move(term_); }
  [[nodiscard]] bool is_empty() const { return term_.members.empty(); }

 private:
  Term term_{.kind = Term::Kind::kMap};
};

// Of a block that is there at most once.
Term block(const PlanValues& values, const char* name,
           const std::vector<std::pair<const char*, const char*>>& attributes) {
  for (const PlanValues& one : values.blocks(name)) {
    Map map;
    for (const auto& [here, there] : attributes) map.put(there, one.at(here));
    return map.take();
  }
  return {};
}

Term metadata_options(const PlanValues& values) {
  return block(values, "metadata_options",
               {{"http_endpoint", "HttpEndpoint"},
                {"http_tokens", "HttpTokens"},
                {"http_put_response_hop_limit", "HttpPutResponseHopLimit"}});
}

Term launch_template(const PlanValues& values, const char* name = "launch_template") {
  return block(values, name,
               {{"id", "LaunchTemplateId"},
                {"launch_template_id", "LaunchTemplateId"},
                {"name", "LaunchTemplateName"},
                {"launch_template_name", "LaunchTemplateName"}});
}

Term disk(const PlanValues& values) {
  return Map()
      .put("VolumeSize", values.at("volume_size"))
      .put("Encrypted", values.at("encrypted"))
      .put("VolumeType", values.at("volume_type"))
      .take();
}

class Plan {
 public:
  Plan(const Value& plan, TemplateNotes& notes) : index_(plan), notes_(notes) {
    for (const Planned& one : index_.all()) {
      has_attachments_ = has_attachments_ || one.type == "aws_network_interface_sg_attachment";
      if (one.type != "aws_placement_group") continue;
      const Term name = PlanValues(index_, one).at("name");
      if (name.is_text()) placement_groups_[name.text] = one.address;
    }
  }

  std::vector<TemplateResource> take();

 private:
  void add(const Planned& planned);
  void add_group(const Planned& planned);
  void add_rules(const Planned& planned, bool egress, const Term& group, const Term& peer,
                 const char* protocol);
  void add_launch_template(const Planned& planned);
  void add_instance(const Planned& planned);
  void add_interface(const Planned& planned);
  void add_scaling_group(const Planned& planned);
  void add_node_group(const Planned& planned);
  void add_profile(const Planned& planned);
  void make(const Planned& planned, const char* type, Term properties);
  [[nodiscard]] Term inline_rules(const Planned& planned, const char* name, bool egress) const;
  [[nodiscard]] Term placement_group(const Term& group) const;

  PlanIndex index_;
  TemplateNotes& notes_;
  std::map<std::string, std::string> placement_groups_;  // addresses by name
  bool has_attachments_ = false;                         // of groups to interfaces, apart from both
  std::vector<TemplateResource> resources_;
};

void Plan::make(const Planned& planned, const char* type, Term properties) {
  resources_.push_back({.id = planned.address, .type = type, .properties = std::move(properties)});
}

// By name it is the one that the plan makes by that name.
Term Plan::placement_group(const Term& group) const {
  const auto found = placement_groups_.find(group.text);
  return group.is_text() && found != placement_groups_.end() ? Term::of_resource(found->second, "")
                                                             : group;
}

// A rule for each of its peers.
std::vector<Term> rules_of(const PlanValues& values, bool egress, const Term& own,
                           const char* protocol) {
  std::vector<Term> rules;
  Term words = values.at(protocol);
  if (words.is_text() && words.text == "all") words.text = "-1";
  const auto add = [&](const char* name, Term peer) {
    rules.push_back(Map()
                        .put("IpProtocol", words)
                        .put("FromPort", values.at("from_port"))
                        .put("ToPort", values.at("to_port"))
                        .put(name, std::move(peer))
                        .take());
  };
  const char* group = egress ? "DestinationSecurityGroupId" : "SourceSecurityGroupId";
  const char* prefixes = egress ? "DestinationPrefixListId" : "SourcePrefixListId";
  const std::vector<std::pair<const char*, const char*>> lists{
      {"cidr_blocks", "CidrIp"},
      {"cidr_ipv4", "CidrIp"},
      {"ipv6_cidr_blocks", "CidrIpv6"},
      {"cidr_ipv6", "CidrIpv6"},
      {"prefix_list_ids", prefixes},
      {"prefix_list_id", prefixes},
      {"security_groups", group},
      {"source_security_group_id", group},
      {"referenced_security_group_id", group}};
  for (const auto& [here, there] : lists) {
    const Term peers = values.list(here);
    if (peers.is_named() || peers.is_unknown()) add(there, peers);
    for (const Term& peer : peers.items) add(there, peer);
  }
  if (values.at("self").truth() == true) add(group, own);
  return rules;
}

Term Plan::inline_rules(const Planned& planned, const char* name, bool egress) const {
  const PlanValues values(index_, planned);
  if (values.is_open(name)) {
    return Term::unknown("its rules are not known before it is applied");
  }
  Term all{.kind = Term::Kind::kList};
  const Term own = Term::of_resource(planned.address, "");
  for (const PlanValues& one : values.blocks(name)) {
    for (Term& rule : rules_of(one, egress, own, "protocol")) all.items.push_back(std::move(rule));
  }
  return all;
}

// The provider takes AWS's rule to everywhere away.
void Plan::add_group(const Planned& planned) {
  const PlanValues values(index_, planned);
  make(planned, "AWS::EC2::SecurityGroup",
       Map()
           .put("VpcId", values.at("vpc_id"))
           .put("SecurityGroupIngress", inline_rules(planned, "ingress", false))
           .put("SecurityGroupEgress", inline_rules(planned, "egress", true))
           .put("HasNoDefaultEgress", Term::of_text("true"))
           .put("IsCreated", Term::of_text(planned.is_created ? "true" : "false"))
           .take());
}

void Plan::add_rules(const Planned& planned, bool egress, const Term& group, const Term& own,
                     const char* protocol) {
  const PlanValues values(index_, planned);
  for (Term& rule : rules_of(values, egress, own, protocol)) {
    rule.put("GroupId", group);
    make(planned, egress ? kEgress : kIngress, std::move(rule));
  }
}

void Plan::add_launch_template(const Planned& planned) {
  const PlanValues values(index_, planned);
  Term interfaces{.kind = Term::Kind::kList};
  for (const PlanValues& one : values.blocks("network_interfaces")) {
    interfaces.items.push_back(
        Map()
            .put("InterfaceType", one.at("interface_type"))
            .put("NetworkCardIndex", one.at("network_card_index"))
            .put("DeviceIndex", one.at("device_index"))
            .put("NetworkInterfaceId", one.at("network_interface_id"))
            .put("Groups", one.list("security_groups"))
            .put("SubnetId", one.at("subnet_id"))
            .put("AssociatePublicIpAddress", one.at("associate_public_ip_address"))
            .take());
    const bool untold = one.list("security_groups").is_nothing();
    if (untold) {
      interfaces.items.back().put(
          "Groups", Term::unknown("the groups of its interfaces are not in the plan"));
    }
  }
  Term mappings{.kind = Term::Kind::kList};
  for (const PlanValues& one : values.blocks("block_device_mappings")) {
    Map mapping;
    mapping.put("DeviceName", one.at("device_name"));
    for (const PlanValues& ebs : one.blocks("ebs")) mapping.put("Ebs", disk(ebs));
    mappings.items.push_back(mapping.take());
  }
  Map placement;
  for (const PlanValues& one : values.blocks("placement")) {
    placement.put("GroupName", placement_group(one.at("group_name")))
        .put("GroupId", one.at("group_id"))
        .put("Tenancy", one.at("tenancy"))
        .put("AvailabilityZone", one.at("availability_zone"));
  }
  Term data = Map()
                  .put("InstanceType", values.at("instance_type"))
                  .put("NetworkInterfaces", std::move(interfaces))
                  .put("SecurityGroupIds", values.list("vpc_security_group_ids"))
                  .put("BlockDeviceMappings", std::move(mappings))
                  .put("Placement", placement.take())
                  .put("MetadataOptions", metadata_options(values))
                  .put("IamInstanceProfile",
                       block(values, "iam_instance_profile", {{"arn", "Arn"}, {"name", "Name"}}))
                  .put("InstanceMarketOptions",
                       block(values, "instance_market_options", {{"market_type", "MarketType"}}))
                  .take();
  make(planned, "AWS::EC2::LaunchTemplate",
       Map()
           .put("LaunchTemplateName", values.at("name"))
           .put("LaunchTemplateData", std::move(data))
           .take());
}

void Plan::add_instance(const Planned& planned) {
  const PlanValues values(index_, planned);
  Term interfaces{.kind = Term::Kind::kList};
  for (const PlanValues& one : values.blocks("network_interface")) {
    interfaces.items.push_back(Map()
                                   .put("NetworkInterfaceId", one.at("network_interface_id"))
                                   .put("DeviceIndex", one.at("device_index"))
                                   .put("NetworkCardIndex", one.at("network_card_index"))
                                   .take());
  }
  Term mappings{.kind = Term::Kind::kList};
  for (const PlanValues& one : values.blocks("root_block_device")) {
    mappings.items.push_back(
        Map().put("DeviceName", Term::of_text("/dev/xvda")).put("Ebs", disk(one)).take());
  }
  Map map;
  map.put("InstanceType", values.at("instance_type"))
      .put("LaunchTemplate", launch_template(values))
      .put("IamInstanceProfile", values.at("iam_instance_profile"))
      .put("PlacementGroupName", placement_group(values.at("placement_group")))
      .put("SecurityGroupIds", values.list("vpc_security_group_ids"))
      .put("SubnetId", values.at("subnet_id"))
      .put("Tenancy", values.at("tenancy"))
      .put("AvailabilityZone", values.at("availability_zone"))
      .put("MetadataOptions", metadata_options(values));
  if (!interfaces.items.empty()) map.put("NetworkInterfaces", std::move(interfaces));
  if (!mappings.items.empty()) map.put("BlockDeviceMappings", std::move(mappings));
  make(planned, "AWS::EC2::Instance", map.take());
}

void Plan::add_interface(const Planned& planned) {
  const PlanValues values(index_, planned);
  Term groups = values.list("security_groups");
  if (has_attachments_) {
    groups = Term::unknown("aws_network_interface_sg_attachment gives interfaces more groups");
  }
  make(planned, "AWS::EC2::NetworkInterface",
       Map()
           .put("InterfaceType", values.at("interface_type"))
           .put("GroupSet", std::move(groups))
           .put("SubnetId", values.at("subnet_id"))
           .take());
}

void Plan::add_scaling_group(const Planned& planned) {
  const PlanValues values(index_, planned);
  Map mixed;
  for (const PlanValues& policy : values.blocks("mixed_instances_policy")) {
    for (const PlanValues& one : policy.blocks("launch_template")) {
      Term overrides{.kind = Term::Kind::kList};
      for (const PlanValues& other : one.blocks("override")) {
        overrides.items.push_back(Map()
                                      .put("InstanceType", other.at("instance_type"))
                                      .put("LaunchTemplateSpecification",
                                           launch_template(other, "launch_template_specification"))
                                      .take());
      }
      mixed.put("LaunchTemplate", Map()
                                      .put("LaunchTemplateSpecification",
                                           launch_template(one, "launch_template_specification"))
                                      .put("Overrides", std::move(overrides))
                                      .take());
    }
  }
  Map map;
  map.put("LaunchTemplate", launch_template(values))
      .put("VPCZoneIdentifier", values.list("vpc_zone_identifier"))
      .put("AvailabilityZones", values.list("availability_zones"))
      .put("PlacementGroup", placement_group(values.at("placement_group")));
  if (!mixed.is_empty()) map.put("MixedInstancesPolicy", mixed.take());
  make(planned, "AWS::AutoScaling::AutoScalingGroup", map.take());
}

void Plan::add_node_group(const Planned& planned) {
  const PlanValues values(index_, planned);
  Term used = launch_template(values);
  // what a module passes on is no longer in the plan: its own launch template, when it has one
  const auto own = index_.named(planned.module, "aws_launch_template.this");
  const bool resolved = !used.at("LaunchTemplateId").resource.empty();
  if (!used.is_nothing() && !resolved && own.size() == 1) {
    used = Map().put("LaunchTemplateId", Term::of_resource(own.front()->address, "")).take();
  }
  make(planned, "AWS::EKS::Nodegroup",
       Map()
           .put("LaunchTemplate", std::move(used))
           .put("InstanceTypes", values.list("instance_types"))
           .put("Subnets", values.list("subnet_ids"))
           .put("NodeRole", values.at("node_role_arn").is_nothing()
                                ? Term::symbol("the role of " + planned.address)
                                : values.at("node_role_arn"))
           .put("ClusterName", values.at("cluster_name"))
           .put("CapacityType", values.at("capacity_type"))
           .take());
}

void Plan::add_profile(const Planned& planned) {
  Term roles{.kind = Term::Kind::kList};
  const Term role = PlanValues(index_, planned).at("role");
  if (!role.is_nothing()) roles.items.push_back(role);
  make(planned, "AWS::IAM::InstanceProfile", Map().put("Roles", std::move(roles)).take());
}

void Plan::add(const Planned& planned) {
  const PlanValues values(index_, planned);
  const std::string& type = planned.type;
  const Term group = values.at("security_group_id");
  if (type == "aws_security_group") add_group(planned);
  if (type == "aws_security_group_rule") {
    add_rules(planned, values.at("type").text == "egress", group, group, "protocol");
  }
  if (type == "aws_vpc_security_group_ingress_rule") {
    add_rules(planned, false, group, group, "ip_protocol");
  }
  if (type == "aws_vpc_security_group_egress_rule") {
    add_rules(planned, true, group, group, "ip_protocol");
  }
  if (type == "aws_launch_template") add_launch_template(planned);
  if (type == "aws_instance") add_instance(planned);
  if (type == "aws_network_interface") add_interface(planned);
  if (type == "aws_autoscaling_group") add_scaling_group(planned);
  if (type == "aws_eks_node_group") add_node_group(planned);
  if (type == "aws_iam_instance_profile") add_profile(planned);
  if (type == "aws_placement_group") {
    make(planned, "AWS::EC2::PlacementGroup", Map().put("Strategy", values.at("strategy")).take());
  }
  if (type == "aws_subnet") {
    make(planned, "AWS::EC2::Subnet",
         Map()
             .put("VpcId", values.at("vpc_id"))
             .put("AvailabilityZone", values.at("availability_zone"))
             .take());
  }
  if (type == "aws_batch_compute_environment") {
    notes_.missing.push_back(planned.address + " is not read from a plan");
  }
}

std::vector<TemplateResource> Plan::take() {
  for (const Planned& one : index_.all()) add(one);
  return std::move(resources_);
}

}  // namespace

Result<std::vector<TemplateResource>> resources_of_plan(const Value& plan, TemplateNotes& notes) {
  const std::string version = plan.text("format_version");
  if (!version.starts_with("1.")) {
    return malformed("format_version", "'" + version + "' of the plan is not 1.x");
  }
  const Value* changes = plan.find("resource_changes");
  if (changes == nullptr || changes->as<Array>() == nullptr) {
    return malformed("resource_changes", "the plan has none");
  }
  return Plan(plan, notes).take();
}

}  // namespace efa
