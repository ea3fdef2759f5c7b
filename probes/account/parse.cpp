#include "probes/account/parse.h"

#include <algorithm>

#include "probes/account/elements.h"
#include "probes/base/text.h"
#include "probes/base/times.h"

namespace efa {
namespace {

constexpr size_t kMostInterfaces = 256;  // of one instance: p5 has 64
constexpr size_t kMostGroups = 64;       // of one interface: 16 with the highest quota

AccountInterface interface_in(const XmlElement& item) {
  AccountInterface interface;
  interface.id = word_in(item, "networkInterfaceId").value_or("");
  interface.mac = MacAddress::from_text(item["macAddress"].text);
  interface.type = word_in(item, "interfaceType");
  interface.card = number_in(item["attachment"], "networkCardIndex");
  interface.device = number_in(item["attachment"], "deviceIndex");
  interface.status = word_in(item["attachment"], "status");
  interface.subnet = word_in(item, "subnetId");
  interface.vpc = word_in(item, "vpcId");
  std::vector<SharedText> groups;
  for (const XmlElement& group : item["groupSet"].children) {
    const auto id = word_in(group, "groupId");
    if (!id || groups.size() == kMostGroups) return interface;  // not all of them are told
    groups.emplace_back(*id);
  }
  if (!groups.empty()) interface.groups = std::move(groups);
  return interface;
}

std::optional<std::string> root_volume_in(const XmlElement& item) {
  for (const XmlElement& mapping : item["blockDeviceMapping"].children) {
    if (mapping["deviceName"].text != item["rootDeviceName"].text) continue;
    return word_in(mapping["ebs"], "volumeId");
  }
  return std::nullopt;
}

std::optional<AccountPlacement> placement_in(const XmlElement& placement) {
  const auto name = name_in(placement, "groupName");
  if (!name) return std::nullopt;
  return AccountPlacement{*name, word_in(placement, "groupId"),
                          number_in(placement, "partitionNumber")};
}

// The instance's own address is that of its first interface.
bool has_public_address(const std::vector<XmlElement>& interfaces) {
  return std::any_of(interfaces.begin(), interfaces.end(), [](const XmlElement& one) {
    return !one["association"]["publicIp"].text.empty();
  });
}

// The metadata service's, and the reservation that was named.
void read_launch_options(const XmlElement& item, AccountInstance& instance) {
  const XmlElement& metadata = item["metadataOptions"];
  const auto endpoint = word_in(metadata, "httpEndpoint");
  if (endpoint == "enabled" || endpoint == "disabled")
    instance.imds_enabled = endpoint == "enabled";
  instance.imds_tokens = word_in(metadata, "httpTokens");
  instance.imds_hop_limit = number_in(metadata, "httpPutResponseHopLimit");
  const XmlElement& reservation = item["capacityReservationSpecification"];
  const XmlElement& target = reservation["capacityReservationTarget"];
  instance.reservation_preference = word_in(reservation, "capacityReservationPreference");
  instance.reservation_wanted = word_in(target, "capacityReservationId");
  if (!instance.reservation_wanted) {
    instance.reservation_wanted =
        word_in(target, "capacityReservationResourceGroupArn", kLongestArn);
  }
}

Result<AccountInstance> instance_in(const XmlElement& item) {
  const auto id = word_in(item, "instanceId");
  const std::vector<XmlElement>& interfaces = item["networkInterfaceSet"].children;
  if (!id) return malformed("DescribeInstances", "an instance has no id");
  if (interfaces.size() > kMostInterfaces) {
    return malformed("DescribeInstances", *id + " has more interfaces than an instance can have");
  }
  AccountInstance instance;
  instance.id = *id;
  instance.state = word_in(item["instanceState"], "name");
  instance.type = word_in(item, "instanceType");
  instance.zone = word_in(item["placement"], "availabilityZone");
  instance.zone_id = word_in(item["placement"], "availabilityZoneId");
  instance.tenancy = word_in(item["placement"], "tenancy");
  instance.placement_group = placement_in(item["placement"]);
  instance.subnet = word_in(item, "subnetId");
  instance.vpc = word_in(item, "vpcId");
  instance.lifecycle = word_in(item, "instanceLifecycle");
  instance.reservation = word_in(item, "capacityReservationId");
  instance.profile_arn = word_in(item["iamInstanceProfile"], "arn", kLongestArn);
  instance.has_public_address = !item["ipAddress"].text.empty() || has_public_address(interfaces);
  instance.root_volume = root_volume_in(item);
  for (const XmlElement& interface : interfaces) {
    instance.interfaces.push_back(interface_in(interface));
  }
  read_launch_options(item, instance);
  return instance;
}

bool is_terminated(const XmlElement& item) {
  const std::string& state = item["instanceState"]["name"].text;
  return state == "terminated" || state == "shutting-down";
}

std::optional<AccountPeerGroup> peer_in(const XmlElement& peer) {
  const auto id = word_in(peer, "groupId");
  if (!id) return std::nullopt;
  return AccountPeerGroup{*id, word_in(peer, "userId"), word_in(peer, "vpcId"),
                          word_in(peer, "peeringStatus")};
}

Result<RuleOfGroup> rule_in(const XmlElement& item) {
  const auto group = word_in(item, "groupId");
  const auto egress = truth_in(item, "isEgress");
  const auto protocol = word_in(item, "ipProtocol");
  const XmlElement& peer = item["referencedGroupInfo"];
  if (!group || !egress || !protocol || (!peer.name.empty() && !peer_in(peer))) {
    return malformed("DescribeSecurityGroupRules",
                     "a rule has no group, direction, protocol or peer");
  }
  AccountRule rule;
  rule.egress = *egress;
  rule.protocol = *protocol;
  rule.from = number_in(item, "fromPort");
  rule.to = number_in(item, "toPort");
  rule.cidr4 = word_in(item, "cidrIpv4");
  rule.cidr6 = word_in(item, "cidrIpv6");
  rule.prefix_list = word_in(item, "prefixListId");
  rule.peer = peer_in(peer);
  return RuleOfGroup{*group, std::move(rule)};
}

Result<std::string> group_id_in(const XmlElement& item) {
  const auto id = word_in(item, "groupId");
  return id ? Result<std::string>(*id) : malformed("DescribeSecurityGroups", "a group has no id");
}

Result<AccountPlacementGroup> placement_group_in(const XmlElement& item) {
  const auto name = name_in(item, "groupName");
  if (!name) return malformed("DescribePlacementGroups", "a group has no name");
  return AccountPlacementGroup{*name, word_in(item, "strategy"), word_in(item, "state")};
}

Result<AccountType> type_in(const XmlElement& item) {
  const auto name = word_in(item, "instanceType");
  if (!name) return malformed("DescribeInstanceTypes", "a type has no name");
  const XmlElement& network = item["networkInfo"];
  return AccountType{*name, truth_in(network, "efaSupported"),
                     number_in(network["efaInfo"], "maximumEfaInterfaces"),
                     number_in(network, "maximumNetworkCards")};
}

Result<AccountReservation> reservation_in(const XmlElement& item) {
  const auto id = word_in(item, "capacityReservationId");
  if (!id) return malformed("DescribeCapacityReservations", "a reservation has no id");
  AccountReservation reservation;
  reservation.id = *id;
  reservation.state = word_in(item, "state");
  reservation.ends_ms = parse_iso_time_ms(item["endDate"].text);
  reservation.zone = word_in(item, "availabilityZone");
  reservation.type = word_in(item, "instanceType");
  reservation.kind = word_in(item, "reservationType");
  return reservation;
}

Result<AccountVolume> volume_in(const XmlElement& item) {
  const auto id = word_in(item, "volumeId");
  if (!id) return malformed("DescribeVolumes", "a volume has no id");
  return AccountVolume{*id, number_in(item, "size"), truth_in(item, "encrypted"),
                       word_in(item, "volumeType")};
}

template <class Item>
Result<Page<Item>> page_of(const XmlElement& root, const std::string& action,
                           const std::vector<const XmlElement*>& items,
                           Result<Item> (*item_in)(const XmlElement&)) {
  Page<Item> page;
  const std::string token(trim(root["nextToken"].text));
  if (items.size() > kMostItems || token.size() > kLongestToken) {
    return Error{ErrorKind::kTooLarge, action, "the answer has more than was asked for"};
  }
  page.next = token;
  for (const XmlElement* each : items) {
    Result<Item> item = item_in(*each);
    if (!item) return item.error();
    page.items.push_back(std::move(*item));
  }
  return page;
}

template <class Item>
Result<Page<Item>> parse_page(const std::string& body, const std::string& action, const char* set,
                              Result<Item> (*item_in)(const XmlElement&)) {
  const Result<XmlElement> root = answer_of(body, action, set);
  if (!root) return root.error();
  std::vector<const XmlElement*> items;
  for (const XmlElement& item : (*root)[set].children) items.push_back(&item);
  return page_of(*root, action, items, item_in);
}

}  // namespace

Result<Page<AccountInstance>> parse_instances(const std::string& body) {
  const std::string action = "DescribeInstances";
  const Result<XmlElement> root = answer_of(body, action, "reservationSet");
  if (!root) return root.error();
  std::vector<const XmlElement*> items;
  for (const XmlElement& reservation : (*root)["reservationSet"].children) {
    for (const XmlElement& item : reservation["instancesSet"].children) {
      if (!is_terminated(item)) items.push_back(&item);
    }
  }
  return page_of(*root, action, items, instance_in);
}

Result<Page<RuleOfGroup>> parse_rules(const std::string& body) {
  return parse_page(body, "DescribeSecurityGroupRules", "securityGroupRuleSet", rule_in);
}

Result<Page<std::string>> parse_group_ids(const std::string& body) {
  return parse_page(body, "DescribeSecurityGroups", "securityGroupInfo", group_id_in);
}

Result<Page<std::string>> parse_keys(const std::string& body) {
  constexpr size_t kLongestKey = 1024;
  const Result<XmlElement> root = parse_xml(body, "ListBucket");
  if (!root) return root.error();
  if (root->name != "ListBucketResult") return malformed("ListBucket", "it is no list of a bucket");
  Page<std::string> page;
  for (const XmlElement& child : root->children) {
    if (child.name != "Contents") continue;
    const auto key = word_in(child, "Key", kLongestKey);
    if (page.items.size() == kMostItems) return malformed("ListBucket", "the page is too long");
    if (key) page.items.push_back(*key);
  }
  if (truth_in(*root, "IsTruncated") != true) return page;
  page.next = word_in(*root, "NextContinuationToken", kLongestToken).value_or("");
  if (page.next.empty())
    return malformed("ListBucket", "there is more, and no token to ask for it");
  return page;
}

Result<Page<AccountPlacementGroup>> parse_placement_groups(const std::string& body) {
  return parse_page(body, "DescribePlacementGroups", "placementGroupSet", placement_group_in);
}

Result<Page<AccountType>> parse_types(const std::string& body) {
  return parse_page(body, "DescribeInstanceTypes", "instanceTypeSet", type_in);
}

Result<Page<AccountReservation>> parse_reservations(const std::string& body) {
  return parse_page(body, "DescribeCapacityReservations", "capacityReservationSet", reservation_in);
}

Result<Page<AccountVolume>> parse_volumes(const std::string& body) {
  return parse_page(body, "DescribeVolumes", "volumeSet", volume_in);
}

}  // namespace efa
