// What AWS's API said of a fleet: its instances, what their interfaces are attached to, and what
// that allows. Interface: EC2 API Reference (DescribeInstances, DescribeSecurityGroupRules,
// DescribePlacementGroups, DescribeInstanceTypes, DescribeCapacityReservations, DescribeVolumes),
// SSM (DescribeInstanceInformation, GetDocument), IAM (GetInstanceProfile,
// SimulatePrincipalPolicy), STS (GetCallerIdentity). What AWS calls a thing stays its word: new
// ones come. Descriptions of rules, which name people, are not kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "probes/account/mac_address.h"
#include "probes/account/node_facts.h"
#include "probes/account/shared_text.h"

namespace efa {

struct AccountCaller {
  std::string account;
  std::string arn;
};

template <class Io>
void describe(Io& io, AccountCaller& caller) {
  io("account", caller.account);
  io("arn", caller.arn);
}

// How the asking of one kind of thing ended.
enum class SectionStatus {
  kOk,
  kDenied,     // the caller may not ask
  kThrottled,  // until the command's time was over
  kFailed,
  kPartial,  // some of it came
};
const char* section_status_text(SectionStatus status);
SectionStatus section_status_from(const std::string& text);  // kFailed for a word that is none

// The sections, by what is in them.
inline constexpr const char* kInstancesSection = "instances";
inline constexpr const char* kRulesSection = "rules";
inline constexpr const char* kPlacementGroupsSection = "placement_groups";
inline constexpr const char* kTypesSection = "types";
inline constexpr const char* kReservationsSection = "reservations";
inline constexpr const char* kVolumesSection = "volumes";
inline constexpr const char* kManagedSection = "managed";
inline constexpr const char* kProfilesSection = "profiles";
inline constexpr const char* kSessionsSection = "sessions";  // how sessions of SSM are logged
inline constexpr const char* kRightsSection = "rights";
inline constexpr const char* kReportsSection = "reports";  // of nodes

struct AccountSection {
  std::string name;
  SectionStatus status = SectionStatus::kFailed;
  std::string error_code;                         // the service's; "" when it gave none
  std::string words;                              // why, for people
  std::optional<std::string> denied_action = {};  // "ec2:DescribeVolumes"
};

template <class Io>
void describe(Io& io, AccountSection& section) {
  io("name", section.name);
  std::string status = section_status_text(section.status);
  io("status", status);
  section.status = section_status_from(status);
  io("error_code", section.error_code);
  io("words", section.words);
  io("denied_action", section.denied_action);
}

struct AccountInterface {
  std::string id;  // "eni-..."
  std::optional<MacAddress> mac;
  std::optional<SharedText> type;    // "interface", "efa", "efa-only", "trunk", ...
  std::optional<int> card;           // the network card
  std::optional<int> device;         // the device index on it
  std::optional<SharedText> status;  // of its attachment: "attached", "attaching", ...
  std::optional<SharedText> subnet;
  std::optional<SharedText> vpc;
  std::optional<std::vector<SharedText>> groups;  // ids of security groups
};

template <class Io>
void describe(Io& io, AccountInterface& interface) {
  io("id", interface.id);
  io("mac", interface.mac);
  io("type", interface.type);
  io("card", interface.card);
  io("device", interface.device);
  io("status", interface.status);
  io("subnet", interface.subnet);
  io("vpc", interface.vpc);
  io("groups", interface.groups);
}

struct AccountPlacement {
  std::string name;
  std::optional<std::string> id;  // "pg-..."
  std::optional<int> partition;
};

template <class Io>
void describe(Io& io, AccountPlacement& placement) {
  io("name", placement.name);
  io("id", placement.id);
  io("partition", placement.partition);
}

struct AccountInstance {
  std::string id;
  std::optional<std::string> type;  // "p5.48xlarge"
  std::optional<std::string> zone;  // "us-west-2b"
  std::optional<std::string> zone_id;
  std::optional<std::string> subnet;
  std::optional<std::string> vpc;
  std::optional<std::string> tenancy;    // "default", "dedicated", "host"
  std::optional<std::string> lifecycle;  // "spot", "scheduled", "capacity-block"; absent: on demand
  std::optional<AccountPlacement> placement_group;
  std::optional<std::string> reservation;  // in which it runs
  std::optional<std::string> profile_arn;
  std::optional<bool> has_public_address;
  std::optional<std::string> root_volume;
  std::vector<AccountInterface> interfaces;
  std::optional<bool> imds_enabled;        // the metadata service answers
  std::optional<std::string> imds_tokens;  // "required", "optional"
  std::optional<int> imds_hop_limit;
  // What was asked for at launch: a reservation, or the ARN of a group of them
  std::optional<std::string> reservation_wanted;
  // "open", "none", "capacity-reservations-only"; absent where a reservation was named
  std::optional<std::string> reservation_preference;
  std::optional<std::string> state;  // "running", "stopped", ...
};

template <class Io>
void describe(Io& io, AccountInstance& instance) {
  io("id", instance.id);
  io("type", instance.type);
  io("zone", instance.zone);
  io("zone_id", instance.zone_id);
  io("subnet", instance.subnet);
  io("vpc", instance.vpc);
  io("tenancy", instance.tenancy);
  io("lifecycle", instance.lifecycle);
  io("placement_group", instance.placement_group);
  io("reservation", instance.reservation);
  io("profile_arn", instance.profile_arn);
  io("has_public_address", instance.has_public_address);
  io("root_volume", instance.root_volume);
  io("interfaces", instance.interfaces);
  io("imds_enabled", instance.imds_enabled);
  io("imds_tokens", instance.imds_tokens);
  io("imds_hop_limit", instance.imds_hop_limit);
  io("reservation_wanted", instance.reservation_wanted);
  io("reservation_preference", instance.reservation_preference);
  io("state", instance.state);
}

// The group that a rule lets in or out: of this account unless another is named.
struct AccountPeerGroup {
  std::string id;
  std::optional<std::string> account;
  std::optional<std::string> vpc;
  std::optional<std::string> peering;  // status of the peering connection that leads to its VPC
};

template <class Io>
void describe(Io& io, AccountPeerGroup& peer) {
  io("id", peer.id);
  io("account", peer.account);
  io("vpc", peer.vpc);
  io("peering", peer.peering);
}

// Of one peer: a range of addresses, a list of them, or a group.
struct AccountRule {
  bool egress = false;
  std::string protocol;     // "-1": all; "tcp", "udp", "icmp", or a number
  std::optional<int> from;  // ports; -1 or absent where the protocol has none
  std::optional<int> to;
  std::optional<std::string> cidr4;
  std::optional<std::string> cidr6;
  std::optional<std::string> prefix_list;
  std::optional<AccountPeerGroup> peer;
};

template <class Io>
void describe(Io& io, AccountRule& rule) {
  io("egress", rule.egress);
  io("protocol", rule.protocol);
  io("from", rule.from);
  io("to", rule.to);
  io("cidr4", rule.cidr4);
  io("cidr6", rule.cidr6);
  io("prefix_list", rule.prefix_list);
  io("peer", rule.peer);
}

struct AccountGroup {
  std::string id;
  bool exists = true;
  bool complete = false;  // all of its rules are here
  std::vector<AccountRule> rules;
};

template <class Io>
void describe(Io& io, AccountGroup& group) {
  io("id", group.id);
  io("exists", group.exists);
  io("complete", group.complete);
  io("rules", group.rules);
}

struct AccountPlacementGroup {
  std::string name;
  std::optional<std::string> strategy;  // "cluster", "spread", "partition"
  std::optional<std::string> state;
};

template <class Io>
void describe(Io& io, AccountPlacementGroup& group) {
  io("name", group.name);
  io("strategy", group.strategy);
  io("state", group.state);
}

struct AccountType {
  std::string name;
  std::optional<bool> efa;
  std::optional<int> most_efa;  // interfaces
  std::optional<int> cards;
};

template <class Io>
void describe(Io& io, AccountType& type) {
  io("name", type.name);
  io("efa", type.efa);
  io("most_efa", type.most_efa);
  io("cards", type.cards);
}

struct AccountReservation {
  std::string id;
  std::optional<std::string> state;  // "active", "expired", "scheduled", ...
  std::optional<int64_t> ends_ms;    // Unix time; absent: it does not end
  std::optional<std::string> zone;
  std::optional<std::string> type;  // of its instances
  std::optional<std::string> kind;  // "default", "capacity-block"
};

template <class Io>
void describe(Io& io, AccountReservation& reservation) {
  io("id", reservation.id);
  io("state", reservation.state);
  io("ends_ms", reservation.ends_ms);
  io("zone", reservation.zone);
  io("type", reservation.type);
  io("kind", reservation.kind);
}

struct AccountVolume {
  std::string id;
  std::optional<int> size_gib;
  std::optional<bool> encrypted;
  std::optional<std::string> kind;  // "gp3"
};

template <class Io>
void describe(Io& io, AccountVolume& volume) {
  io("id", volume.id);
  io("size_gib", volume.size_gib);
  io("encrypted", volume.encrypted);
  io("kind", volume.kind);
}

// An instance that SSM knows.
struct AccountManaged {
  std::string instance;
  std::optional<std::string> ping;  // "Online", "ConnectionLost", "Inactive"
  std::optional<std::string> agent_version;
};

template <class Io>
void describe(Io& io, AccountManaged& managed) {
  io("instance", managed.instance);
  io("ping", managed.ping);
  io("agent_version", managed.agent_version);
}

// What IAM's simulation says a role may do, by its own policies.
struct AccountRight {
  std::string role;             // its ARN
  std::string action;           // "ssm:UpdateInstanceInformation"
  std::string resource;         // "*"
  std::string decision;         // "allowed", "explicitDeny", "implicitDeny"
  bool has_conditions = false;  // on what the simulation was not told: a denial may be none
};

template <class Io>
void describe(Io& io, AccountRight& right) {
  io("role", right.role);
  io("action", right.action);
  io("resource", right.resource);
  io("decision", right.decision);
  io("has_conditions", right.has_conditions);
}

// An instance profile, which gives its instances a role.
struct AccountProfile {
  std::string arn;
  bool exists = true;
  std::optional<std::string> role;  // its ARN; absent: the profile has none
};

template <class Io>
void describe(Io& io, AccountProfile& profile) {
  io("arn", profile.arn);
  io("exists", profile.exists);
  io("role", profile.role);
}

// Why CloudFormation or EC2 refuses what a template says.
struct AccountTemplateFault {
  std::string resource;
  std::string words;
};

template <class Io>
void describe(Io& io, AccountTemplateFault& fault) {
  io("resource", fault.resource);
  io("words", fault.words);
}

// Of templates that were read instead of asking AWS. Ids are then logical ids.
struct AccountTemplate {
  std::vector<std::string> notes;  // what was assumed, and what could not be resolved
  std::vector<AccountTemplateFault> invalid;
};

template <class Io>
void describe(Io& io, AccountTemplate& read) {
  io("notes", read.notes);
  io("invalid", read.invalid);
}

inline constexpr const char* kTemplateSource = "template";

struct AccountFacts {
  std::optional<AccountCaller> caller;
  std::string region;
  int64_t asked_ms = 0;                    // Unix time of the service
  std::vector<AccountInstance> instances;  // of one fleet
  std::vector<AccountGroup> groups;
  std::vector<AccountPlacementGroup> placement_groups;
  std::vector<AccountType> types;
  std::vector<AccountReservation> reservations;
  std::vector<AccountVolume> volumes;
  std::vector<AccountManaged> managed;
  std::vector<AccountRight> rights;
  std::vector<AccountProfile> profiles;
  std::optional<std::string> session_log_group;  // of CloudWatch; absent: sessions are not logged
  std::optional<std::string> bucket;  // "bucket/prefix" of the reports; absent: none was named
  std::string source;                 // kTemplateSource; "": AWS was asked
  std::optional<AccountTemplate> from_template;
  std::optional<std::string> reports;    // where those of nodes are from: "s3://bucket/prefix"
  std::vector<AccountNode> nodes;        // whose reports were given
  std::vector<AccountSection> sections;  // last: what they say of is told before
};

template <class Io>
void describe(Io& io, AccountFacts& facts) {
  io("caller", facts.caller);
  io("region", facts.region);
  io("asked_ms", facts.asked_ms);
  io("instances", facts.instances);
  io("groups", facts.groups);
  io("placement_groups", facts.placement_groups);
  io("types", facts.types);
  io("reservations", facts.reservations);
  io("volumes", facts.volumes);
  io("managed", facts.managed);
  io("rights", facts.rights);
  io("profiles", facts.profiles);
  io("session_log_group", facts.session_log_group);
  io("bucket", facts.bucket);
  io("source", facts.source);
  io("from_template", facts.from_template);
  io("reports", facts.reports);
  io("nodes", facts.nodes);
  io("sections", facts.sections);
}

bool is_of_template(const AccountFacts& facts);
// All of that kind is here; only then is what is absent not there.
bool is_whole(const AccountFacts& facts, const char* section);
// Why it is not, for people; "" when it is whole.
std::string why_not_whole(const AccountFacts& facts, const char* section);

}  // namespace efa
