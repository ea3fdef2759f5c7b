// What probe-cloud saw: what EC2 says of this instance, by DMI and by instance metadata (IMDSv2).
// Interface: EC2 User Guide, "Instance metadata categories"; /sys/class/dmi/id.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/base/word.h"
#include "probes/judging/check.h"

namespace efa {

enum class MetadataStatus {
  kOk,
  kNotAsked,
  kAbsent,
  kSlow,
  kDenied,
  kThrottled,
  kFailing,
  kMalformed
};

template <>
struct Words<MetadataStatus> {
  static constexpr EnumWord<MetadataStatus> kTable[] = {
      {MetadataStatus::kOk, "ok"},           {MetadataStatus::kNotAsked, "not-asked"},
      {MetadataStatus::kAbsent, "absent"},   {MetadataStatus::kSlow, "slow"},
      {MetadataStatus::kDenied, "denied"},   {MetadataStatus::kThrottled, "throttled"},
      {MetadataStatus::kFailing, "failing"}, {MetadataStatus::kMalformed, "malformed"}};
};

struct CloudInterface {
  std::string mac;
  std::optional<std::string> interface_id;  // "eni-..."
  std::optional<int> device_number;
  std::optional<int> network_card;  // some instances do not say
  std::optional<std::string> subnet_id;
  std::optional<std::string> vpc_id;
  std::vector<std::string> security_group_ids;
  bool has_ipv4 = false;  // an efa-only interface has no address of either kind
  std::optional<bool> has_ipv6;
  std::vector<std::string> ipv4s;  // the one that stays for its life first
};

template <class Io>
void describe(Io& io, CloudInterface& interface) {
  io("mac", interface.mac);
  io("interface_id", interface.interface_id);
  io("device_number", interface.device_number);
  io("network_card", interface.network_card);
  io("subnet_id", interface.subnet_id);
  io("vpc_id", interface.vpc_id);
  io("security_group_ids", interface.security_group_ids);
  io("has_ipv4", interface.has_ipv4);
  io("has_ipv6", interface.has_ipv6);
  io("ipv4s", interface.ipv4s);
}

struct CloudFacts {
  std::optional<std::string> dmi_vendor;
  std::optional<std::string> dmi_product;
  std::optional<std::string> dmi_asset_tag;
  std::optional<bool> on_ec2;
  MetadataStatus metadata_status = MetadataStatus::kNotAsked;
  std::string metadata_detail;
  bool metadata_session = false;  // the service gave a token: it is there
  std::optional<std::string> instance_id;
  std::optional<std::string> instance_type;
  std::string instance_type_source;  // "metadata" or "dmi"
  std::optional<std::string> region;
  std::optional<std::string> availability_zone;
  std::optional<std::string> availability_zone_id;
  std::optional<std::string> placement_group;
  std::optional<std::string> life_cycle;   // "on-demand", "spot", "scheduled", "capacity-block"
  std::optional<std::string> spot_action;  // "terminate at 2026-11-28T08:22:00Z": AWS takes it back
  std::optional<std::string> role_name;    // the name only, never its credentials
  std::vector<CloudInterface> interfaces;
};

template <class Io>
void describe(Io& io, CloudFacts& facts) {
  io("dmi_vendor", facts.dmi_vendor);
  io("dmi_product", facts.dmi_product);
  io("dmi_asset_tag", facts.dmi_asset_tag);
  io("on_ec2", facts.on_ec2);
  io("metadata_status", facts.metadata_status);
  io("metadata_detail", facts.metadata_detail);
  io("metadata_session", facts.metadata_session);
  io("instance_id", facts.instance_id);
  io("instance_type", facts.instance_type);
  io("instance_type_source", facts.instance_type_source);
  io("region", facts.region);
  io("availability_zone", facts.availability_zone);
  io("availability_zone_id", facts.availability_zone_id);
  io("placement_group", facts.placement_group);
  io("life_cycle", facts.life_cycle);
  io("spot_action", facts.spot_action);
  io("role_name", facts.role_name);
  io("interfaces", facts.interfaces);
}

}  // namespace efa
