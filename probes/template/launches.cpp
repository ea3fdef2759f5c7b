#include "probes/template/launches.h"

#include <map>
#include <set>
#include <utility>

namespace efa {
namespace {

constexpr const char* kLaunchTemplate = "AWS::EC2::LaunchTemplate";

Term empty_map() {
  return {.kind = Term::Kind::kMap};
}

Term map_of(const std::string& name, Term value) {
  Term map = empty_map();
  if (!value.is_nothing()) map.put(name, std::move(value));
  return map;
}

// What the user says wins over its launch template.
void put(Term& data, const std::string& name, Term value) {
  if (value.is_nothing() || data.kind != Term::Kind::kMap) return;
  std::erase_if(data.members, [&](const auto& member) { return member.first == name; });
  data.put(name, std::move(value));
}

void put_within(Term& data, const std::string& name, const std::string& inner, Term value) {
  if (value.is_nothing()) return;
  Term map = data.at(name);
  if (map.kind != Term::Kind::kMap) map = empty_map();
  put(map, inner, std::move(value));
  put(data, name, std::move(map));
}

class Launches {
 public:
  Launches(const std::vector<TemplateResource>& resources, TemplateNotes& notes)
      : resources_(resources), notes_(notes) {
    for (const TemplateResource& one : resources) by_id_.emplace(one.id, &one);
  }

  std::vector<TemplateLaunch> take();

 private:
  void add(const TemplateResource& resource);
  void add_instance(const TemplateResource& resource);
  void add_scaling_group(const TemplateResource& resource);
  void add_nodegroup(const TemplateResource& resource);
  void add_batch(const TemplateResource& resource);
  void add_fleet(const TemplateResource& resource);
  void add_unused();

  // A launch by that specification of a launch template.
  TemplateLaunch launch_by(const TemplateResource& resource, const Term& specification);
  void add_overrides(const TemplateLaunch& launch, const TemplateResource& resource,
                     const Term& overrides);
  [[nodiscard]] const TemplateResource* find(const Term& reference, const char* type) const;
  [[nodiscard]] const TemplateResource* template_of(const Term& specification) const;
  [[nodiscard]] Term own_interfaces(const Term& properties) const;
  [[nodiscard]] Term attached(const Term& attachment) const;
  void refuse_both(const TemplateResource& resource, const Term& groups, const Term& data);

  const std::vector<TemplateResource>& resources_;
  TemplateNotes& notes_;
  std::map<std::string, const TemplateResource*> by_id_;
  std::set<std::string> used_;
  std::vector<TemplateLaunch> launches_;
};

const TemplateResource* Launches::find(const Term& reference, const char* type) const {
  const auto found = by_id_.find(reference.resource);
  return found != by_id_.end() && found->second->type == type ? found->second : nullptr;
}

const TemplateResource* Launches::template_of(const Term& specification) const {
  for (const char* member : {"LaunchTemplateId", "Id"}) {
    if (const auto* found = find(specification.at(member), kLaunchTemplate)) return found;
  }
  for (const char* member : {"LaunchTemplateName", "Name"}) {
    const Term name = specification.at(member);
    for (const TemplateResource& one : resources_) {
      if (one.type == kLaunchTemplate &&
          compare(one.properties.at("LaunchTemplateName"), name) == Sameness::kSame) {
        return &one;
      }
    }
  }
  return nullptr;
}

TemplateLaunch Launches::launch_by(const TemplateResource& resource, const Term& specification) {
  TemplateLaunch launch{.id = resource.id, .may_miss = resource.may_miss, .data = empty_map()};
  if (specification.is_nothing()) return launch;
  const TemplateResource* made = template_of(specification);
  if (made == nullptr) {
    launch.data = specification.is_unknown()
                      ? specification
                      : Term::unknown("the launch template of " + resource.id + " is not here");
    notes_.note(launch.data.text);
    return launch;
  }
  used_.insert(made->id);
  if (launch.may_miss.empty()) launch.may_miss = made->may_miss;
  launch.data = made->properties.at("LaunchTemplateData");
  if (launch.data.is_nothing()) launch.data = empty_map();
  return launch;
}

// EC2: "Network interfaces and an instance-level security groups may not be specified on the same
// request".
void Launches::refuse_both(const TemplateResource& resource, const Term& groups, const Term& data) {
  const Term interfaces = data.at("NetworkInterfaces");
  const bool both = groups.is_list() && !groups.items.empty() && interfaces.is_list() &&
                    !interfaces.items.empty();
  if (!both) return;
  notes_.faults.push_back({resource.id,
                           "has security groups of its own beside network interfaces, which EC2 "
                           "refuses: the groups belong into the interfaces"});
}

// An interface of an AWS::EC2::Instance has neither type nor card; one that is made apart may be
// EFA.
Term Launches::attached(const Term& attachment) const {
  if (attachment.kind != Term::Kind::kMap) return attachment;
  Term interface = map_of("DeviceIndex", attachment.at("DeviceIndex"));
  const Term id = attachment.at("NetworkInterfaceId");
  put(interface, "NetworkInterfaceId", id);
  put(interface, "NetworkCardIndex", attachment.at("NetworkCardIndex"));  // Terraform's has it
  put(interface, "Groups", attachment.at("GroupSet"));
  put(interface, "SubnetId", attachment.at("SubnetId"));
  put(interface, "AssociatePublicIpAddress", attachment.at("AssociatePublicIpAddress"));
  return interface;
}

Term Launches::own_interfaces(const Term& properties) const {
  Term interfaces = properties.at("NetworkInterfaces");
  if (!interfaces.is_list()) return interfaces;
  for (Term& one : interfaces.items) one = attached(one);
  return interfaces;
}

void Launches::add_instance(const TemplateResource& resource) {
  const Term& own = resource.properties;
  TemplateLaunch launch = launch_by(resource, own.at("LaunchTemplate"));
  Term& data = launch.data;
  for (const char* name : {"InstanceType", "BlockDeviceMappings", "MetadataOptions"}) {
    put(data, name, own.at(name));
  }
  put(data, "NetworkInterfaces", own_interfaces(own));
  put(data, "SecurityGroupIds", own.at("SecurityGroupIds"));
  const Term profile = own.at("IamInstanceProfile");
  if (!profile.is_nothing()) put(data, "IamInstanceProfile", map_of("Name", profile));
  put_within(data, "Placement", "GroupName", own.at("PlacementGroupName"));
  put_within(data, "Placement", "Tenancy", own.at("Tenancy"));
  put_within(data, "Placement", "AvailabilityZone", own.at("AvailabilityZone"));
  refuse_both(resource, own.at("SecurityGroupIds"), data);
  launch.subnets = own.at("SubnetId");
  launches_.push_back(std::move(launch));
}

// Each type once; one with a launch template of its own is a launch of its own.
void Launches::add_overrides(const TemplateLaunch& launch, const TemplateResource& resource,
                             const Term& overrides) {
  TemplateLaunch common = launch;
  bool any = !overrides.is_list() || overrides.items.empty();
  if (overrides.is_unknown()) common.types.push_back(overrides);
  for (const Term& one : overrides.items) {
    const Term specification = one.at("LaunchTemplateSpecification");
    if (specification.is_nothing()) {
      const Term type = one.at("InstanceType");
      if (!type.is_nothing()) common.types.push_back(type);
      any = true;
      continue;
    }
    TemplateLaunch other = launch;
    other.data = launch_by(resource, specification).data;
    other.types = {one.at("InstanceType")};
    launches_.push_back(std::move(other));
  }
  if (any) launches_.push_back(std::move(common));
}

void Launches::add_scaling_group(const TemplateResource& resource) {
  const Term& own = resource.properties;
  const Term mixed = own.at("MixedInstancesPolicy").at("LaunchTemplate");
  const Term direct = own.at("LaunchTemplate");
  if (direct.is_nothing() && mixed.is_nothing()) return;  // of a launch configuration: no EFA
  TemplateLaunch launch =
      launch_by(resource, direct.is_nothing() ? mixed.at("LaunchTemplateSpecification") : direct);
  put_within(launch.data, "Placement", "GroupName", own.at("PlacementGroup"));
  launch.subnets = own.at("VPCZoneIdentifier");
  launch.zones = own.at("AvailabilityZones");
  add_overrides(launch, resource, mixed.at("Overrides"));
}

void Launches::add_nodegroup(const TemplateResource& resource) {
  const Term& own = resource.properties;
  TemplateLaunch launch = launch_by(resource, own.at("LaunchTemplate"));
  const Term types = own.at("InstanceTypes");
  launch.types = types.items;
  if (types.is_unknown() || types.is_symbol()) launch.types = {types};
  launch.subnets = own.at("Subnets");
  launch.role = own.at("NodeRole");
  const Term cluster = own.at("ClusterName");
  launch.usual_groups = cluster.resource.empty()
                            ? Term::symbol("the cluster's security group")
                            : Term::of_resource(cluster.resource, "ClusterSecurityGroupId");
  if (own.at("CapacityType").known_text() == "CAPACITY_BLOCK") {
    put_within(launch.data, "InstanceMarketOptions", "MarketType", Term::of_text("capacity-block"));
  }
  launches_.push_back(std::move(launch));
}

void Launches::add_batch(const TemplateResource& resource) {
  const Term own = resource.properties.at("ComputeResources");
  const std::string kind = own.at("Type").text;
  if (own.is_nothing() || kind.starts_with("FARGATE")) return;
  TemplateLaunch launch = launch_by(resource, own.at("LaunchTemplate"));
  const Term types = own.at("InstanceTypes");
  launch.types = types.items;
  if (types.is_unknown() || types.is_symbol()) launch.types = {types};
  launch.subnets = own.at("Subnets");
  put_within(launch.data, "Placement", "GroupName", own.at("PlacementGroup"));
  const Term role = own.at("InstanceRole");
  if (!role.is_nothing()) put(launch.data, "IamInstanceProfile", map_of("Arn", role));
  refuse_both(resource, own.at("SecurityGroupIds"), launch.data);
  put(launch.data, "SecurityGroupIds", own.at("SecurityGroupIds"));
  launches_.push_back(std::move(launch));
}

void Launches::add_fleet(const TemplateResource& resource) {
  const Term configurations = resource.properties.at("LaunchTemplateConfigs");
  for (const Term& one : configurations.items) {
    TemplateLaunch launch = launch_by(resource, one.at("LaunchTemplateSpecification"));
    const Term overrides = one.at("Overrides");
    launch.subnets = {.kind = Term::Kind::kList};
    for (const Term& other : overrides.items) {
      const Term subnet = other.at("SubnetId");
      if (!subnet.is_nothing()) launch.subnets.items.push_back(subnet);
    }
    add_overrides(launch, resource, overrides);
  }
}

// Who launches by it is not in the template, nor is what that adds: a type, a role.
void Launches::add_unused() {
  for (const TemplateResource& one : resources_) {
    if (one.type != kLaunchTemplate || used_.contains(one.id)) continue;
    TemplateLaunch launch{.id = one.id, .may_miss = one.may_miss};
    launch.data = one.properties.at("LaunchTemplateData");
    launch.is_used = false;
    launches_.push_back(std::move(launch));
  }
}

void Launches::add(const TemplateResource& resource) {
  if (resource.type == "AWS::EC2::Instance") add_instance(resource);
  if (resource.type == "AWS::AutoScaling::AutoScalingGroup") add_scaling_group(resource);
  if (resource.type == "AWS::EKS::Nodegroup") add_nodegroup(resource);
  if (resource.type == "AWS::Batch::ComputeEnvironment") add_batch(resource);
  if (resource.type == "AWS::EC2::EC2Fleet") add_fleet(resource);
  if (resource.type == "AWS::SageMaker::Cluster") {
    notes_.note(resource.id + " is a HyperPod cluster: its nodes are not looked at");
  }
  if (resource.type == kLaunchTemplate) {
    const Term data = resource.properties.at("LaunchTemplateData");
    refuse_both(resource, data.at("SecurityGroupIds"), data);
  }
}

std::vector<TemplateLaunch> Launches::take() {
  for (const TemplateResource& one : resources_) add(one);
  add_unused();
  return std::move(launches_);
}

}  // namespace

std::vector<TemplateLaunch> launches_of(const std::vector<TemplateResource>& resources,
                                        TemplateNotes& notes) {
  return Launches(resources, notes).take();
}

}  // namespace efa
