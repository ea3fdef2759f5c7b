#include "probes/template/nodes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "probes/base/text.h"

namespace efa {
namespace {

// The root device of Amazon Linux and Bottlerocket, and that of Ubuntu and RHEL.
constexpr std::array kRootDevices{"/dev/xvda", "/dev/sda1"};

// Kinds of them: each type in each zone is one, and a file of 4 MiB can name thousands of both.
constexpr size_t kMostNodes = 5'000;
constexpr size_t kMostTypes = 1'000;  // of one launch; AWS has as many
constexpr size_t kMostInterfaces = 200'000;

bool is_efa_type(const std::optional<std::string>& type) {
  return type == "efa" || type == "efa-only";
}

std::optional<std::string> text_or(const Term& term, const char* usual) {
  return term.is_nothing() ? std::optional<std::string>(usual) : term.known_text();
}

}  // namespace

TemplateNodes::TemplateNodes(const std::vector<TemplateResource>& resources, TemplateGroups& groups)
    : groups_(groups), places_(resources) {
  for (const TemplateResource& one : resources) resources_.emplace(one.id, &one);
}

// The logical id where the template makes it, else the words for it.
std::string TemplateNodes::name_of(const Term& reference, const char* type) const {
  const auto found = resources_.find(reference.resource);
  const bool made = found != resources_.end() && found->second->type == type;
  return made ? reference.resource : reference.text;
}

Term TemplateNodes::subnets_of(const TemplateLaunch& launch) const {
  Term all{.kind = Term::Kind::kList};
  for (const Term& one : launch.data.at("NetworkInterfaces").items) {
    const Term subnet = completed(one).at("SubnetId");
    if (subnet.is_named()) all.items.push_back(subnet);
  }
  if (!all.items.empty()) return all;
  if (launch.subnets.is_list()) return launch.subnets;
  const Term own = launch.subnets.is_nothing() ? launch.data.at("SubnetId") : launch.subnets;
  if (!own.is_nothing()) all.items.push_back(own);
  return all;
}

// Those that its nodes will be in: nothing when not known.
std::vector<Term> TemplateNodes::zones_of(const TemplateLaunch& launch) const {
  const Term placed = launch.data.at("Placement").at("AvailabilityZone");
  if (placed.is_named()) return {placed};
  if (launch.zones.is_list() && !launch.zones.items.empty()) {
    return distinct_zones(launch.zones.items);
  }
  std::vector<Term> zones;
  for (const Term& subnet : subnets_of(launch).items) zones.push_back(places_.zone_of(subnet));
  return distinct_zones(zones);
}

void TemplateNodes::add(const TemplateLaunch& launch, const std::optional<std::string>& profile) {
  profile_ = profile;
  std::vector<Term> types;
  for (const Term& type : launch.types) {
    const bool known = std::any_of(types.begin(), types.end(), [&](const Term& other) {
      return other.kind == type.kind && other.text == type.text;
    });
    left_out_ = left_out_ || types.size() >= kMostTypes;
    if (!known && !left_out_) types.push_back(type);
  }
  if (types.empty()) types.push_back(launch.data.at("InstanceType"));
  std::vector<Term> zones = zones_of(launch);
  if (zones.empty()) zones.emplace_back();
  for (const Term& type : types) {
    for (const Term& zone : zones) {
      std::vector<std::string> words;
      if (types.size() > 1) words.push_back(type.text);
      if (zones.size() > 1) words.push_back(zone.text);
      left_out_ = left_out_ || drafts_.size() >= kMostNodes || interfaces_ >= kMostInterfaces;
      if (left_out_) return;
      const std::string id = words.empty() ? launch.id : launch.id + " (" + join(words, ", ") + ")";
      add_one(launch, id, type, zone);
    }
  }
}

void TemplateNodes::add_one(const TemplateLaunch& launch, const std::string& id, const Term& type,
                            const Term& zone) {
  Draft draft{.zone = zone};
  AccountInstance& instance = draft.instance;
  instance.id = id;
  // "optimal" or a family of Batch is no type
  if (type.is_text() && type.text.find('.') != std::string::npos) instance.type = type.text;
  const Term& data = launch.data;
  instance.tenancy = text_or(data.at("Placement").at("Tenancy"), "default");
  instance.lifecycle = data.at("InstanceMarketOptions").at("MarketType").known_text();
  add_placement(launch, instance);
  const Term reservation = data.at("CapacityReservationSpecification")
                               .at("CapacityReservationTarget")
                               .at("CapacityReservationId");
  if (!reservation.is_nothing() && !data.is_unknown()) {
    instance.reservation = name_of(reservation, "AWS::EC2::CapacityReservation");
  }
  const Term metadata = data.at("MetadataOptions");
  if (metadata.kind == Term::Kind::kMap) {
    const auto endpoint = text_or(metadata.at("HttpEndpoint"), "enabled");
    if (endpoint) instance.imds_enabled = *endpoint == "enabled";
    instance.imds_tokens = metadata.at("HttpTokens").known_text();
    instance.imds_hop_limit = metadata.at("HttpPutResponseHopLimit").number();
  }
  instance.profile_arn = profile_;
  add_volume(launch, instance);
  add_interfaces(launch, draft);
  interfaces_ += instance.interfaces.size();
  drafts_.push_back(std::move(draft));
}

void TemplateNodes::add_placement(const TemplateLaunch& launch, AccountInstance& instance) const {
  const Term placement = launch.data.at("Placement");
  const Term by_id = placement.at("GroupId");
  const Term group = by_id.is_nothing() ? placement.at("GroupName") : by_id;
  if (group.is_nothing()) return;
  instance.placement_group.emplace();
  instance.placement_group->name =
      group.is_named() ? name_of(group, "AWS::EC2::PlacementGroup") : "the placement group";
}

// Without a mapping it is as the image says.
void TemplateNodes::add_volume(const TemplateLaunch& launch, AccountInstance& instance) {
  AccountVolume volume{.id = "the root volume of " + instance.id};
  instance.root_volume = volume.id;
  for (const Term& mapping : launch.data.at("BlockDeviceMappings").items) {
    const Term device = mapping.at("DeviceName");
    if (!device.is_text() || !is_one_of(device.text, kRootDevices)) continue;
    const Term disk = mapping.at("Ebs");
    volume.size_gib = disk.at("VolumeSize").number();
    volume.encrypted = disk.at("Encrypted").truth();
    volume.kind = disk.at("VolumeType").known_text();
  }
  volumes_.push_back(std::move(volume));
}

// With what the network interface that it names says.
Term TemplateNodes::completed(const Term& described) const {
  const Term id = described.at("NetworkInterfaceId");
  if (id.is_nothing() || described.kind != Term::Kind::kMap) return described;
  const auto found = resources_.find(id.resource);
  const bool made =
      found != resources_.end() && found->second->type == "AWS::EC2::NetworkInterface";
  Term whole = described;
  const auto put = [&](const char* name, const Term& value) {
    std::erase_if(whole.members, [&](const auto& member) { return member.first == name; });
    if (!value.is_nothing()) whole.put(name, value);
  };
  const Term away = Term::unknown(id.text + " is not in the template");
  put("InterfaceType", made ? found->second->properties.at("InterfaceType") : away);
  put("Groups", made ? found->second->properties.at("GroupSet") : away);
  put("SubnetId", made ? found->second->properties.at("SubnetId") : Term{});
  return whole;
}

Term TemplateNodes::vpc_of(const Term& subnet, const Term& groups) const {
  Term by_subnet = places_.vpc_of(subnet);
  if (by_subnet.is_named() && !by_subnet.text.starts_with("the VPC of ")) return by_subnet;
  for (const Term& group : groups.items) {
    Term vpc = groups_.vpc_of(group);
    if (vpc.is_named()) return vpc;
  }
  return by_subnet;
}

void TemplateNodes::add_interfaces(const TemplateLaunch& launch, Draft& draft) {
  const Term interfaces = launch.data.at("NetworkInterfaces");
  if (interfaces.is_unknown() || interfaces.is_symbol() || !launch.may_miss.empty()) {
    AccountInterface untold;
    untold.id = draft.instance.id + " interface";
    draft.instance.interfaces.push_back(std::move(untold));
    return;
  }
  for (size_t i = 0; i < interfaces.items.size(); ++i) {
    add_interface(launch, interfaces.items[i], i, draft);
  }
  if (interfaces.items.empty()) add_plain_interface(launch, draft);
  if (interfaces.items.size() > 1) return;  // it gets no public address by itself
  const Term first = interfaces.items.empty() ? Term{} : interfaces.items.front();
  draft.instance.has_public_address = first.at("AssociatePublicIpAddress").truth();
}

// Nobody asks for more than EC2 gives every instance.
void TemplateNodes::add_plain_interface(const TemplateLaunch& launch, Draft& draft) {
  Term plain{.kind = Term::Kind::kMap};
  plain.put("DeviceIndex", Term::of_text("0"));
  const Term groups = launch.data.at("SecurityGroupIds");
  if (!groups.is_nothing()) plain.put("Groups", groups);
  add_interface(launch, plain, 0, draft);
}

void TemplateNodes::add_interface(const TemplateLaunch& launch, const Term& described,
                                  size_t number, Draft& draft) {
  const Term whole = completed(described);
  const std::string made = name_of(whole.at("NetworkInterfaceId"), "AWS::EC2::NetworkInterface");
  AccountInterface interface;
  interface.id = made.empty() || whole.is_unknown()
                     ? draft.instance.id + " interface " + std::to_string(number)
                     : made;
  const std::optional<std::string> type = text_or(whole.at("InterfaceType"), "interface");
  if (type) interface.type = *type;
  const Term card = whole.at("NetworkCardIndex");
  interface.card = card.is_nothing() ? 0 : card.number();
  interface.device = whole.at("DeviceIndex").number();
  interface.status = "attached";  // as it will be
  const Term subnets = subnets_of(launch);
  const Term own = whole.at("SubnetId");
  const Term subnet = own.is_nothing() && !subnets.items.empty() ? subnets.items.front() : own;
  if (subnet.is_named()) interface.subnet = name_of(subnet, "AWS::EC2::Subnet");
  Term groups = whole.at("Groups");
  if (groups.is_nothing()) groups = launch.usual_groups;
  const Term vpc = vpc_of(subnet, groups);
  interface.groups.emplace();
  for (const std::string& id : groups_.ids_of(groups, draft.instance.id, vpc)) {
    interface.groups->push_back(id);
  }
  if (is_efa_type(type)) {
    draft.has_efa = true;
    draft.vpc = vpc;
  }
  draft.instance.interfaces.push_back(std::move(interface));
}

void TemplateNodes::put_into(AccountFacts& facts) {
  std::vector<Term> zones;
  std::vector<Term> vpcs;
  for (const Draft& draft : drafts_) {
    if (!draft.has_efa) continue;
    zones.push_back(draft.zone);
    vpcs.push_back(draft.vpc);
  }
  const bool zones_known = !distinct_zones(zones).empty();
  const bool vpcs_known = !distinct_zones(vpcs).empty();
  for (Draft& draft : drafts_) {
    if (zones_known && draft.zone.is_named()) draft.instance.zone = draft.zone.text;
    for (AccountInterface& interface : draft.instance.interfaces) {
      if (vpcs_known && draft.vpc.is_named()) interface.vpc = draft.vpc.text;
    }
    facts.instances.push_back(std::move(draft.instance));
  }
  facts.volumes = std::move(volumes_);
}

}  // namespace efa
