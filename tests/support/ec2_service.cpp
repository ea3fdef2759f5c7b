#include "tests/support/ec2_service.h"

#include <algorithm>

#include "probes/base/text.h"

namespace efa {
namespace {

std::string element(const std::string& name, const std::string& content) {
  return "<" + name + ">" + content + "</" + name + ">";
}

std::string optional(const std::string& name, const std::optional<std::string>& content) {
  return content ? element(name, *content) : "";
}

std::string optional(const std::string& name, const std::optional<int>& content) {
  return content ? element(name, std::to_string(*content)) : "";
}

std::string xml_of(const AccountInterface& interface) {
  std::string groups;
  for (const SharedText& group : interface.groups.value_or(std::vector<SharedText>())) {
    groups += element("item", element("groupId", group));
  }
  return element(
      "item", element("networkInterfaceId", interface.id) + optional("macAddress", interface.mac) +
                  optional("subnetId", interface.subnet) + optional("vpcId", interface.vpc) +
                  element("groupSet", groups) +
                  element("attachment", optional("deviceIndex", interface.device) +
                                            optional("networkCardIndex", interface.card) +
                                            optional("status", interface.status)) +
                  optional("interfaceType", interface.type));
}

std::string xml_of(const AccountInstance& instance) {
  std::string interfaces;
  for (const AccountInterface& interface : instance.interfaces) interfaces += xml_of(interface);
  std::string placement =
      optional("availabilityZone", instance.zone) + optional("tenancy", instance.tenancy);
  if (instance.placement_group) {
    placement += element("groupName", instance.placement_group->name) +
                 optional("groupId", instance.placement_group->id);
  }
  return element(
      "item",
      element("instancesSet",
              element("item",
                      element("instanceId", instance.id) + optional("instanceType", instance.type) +
                          element("placement", placement) + optional("subnetId", instance.subnet) +
                          optional("vpcId", instance.vpc) +
                          optional("capacityReservationId", instance.reservation) +
                          element("networkInterfaceSet", interfaces))));
}

std::string xml_of(const std::string& group, const AccountRule& rule) {
  std::string peer;
  if (rule.peer) {
    peer = element("referencedGroupInfo", element("groupId", rule.peer->id) +
                                              optional("userId", rule.peer->account) +
                                              optional("vpcId", rule.peer->vpc) +
                                              optional("peeringStatus", rule.peer->peering));
  }
  return element("item", element("groupId", group) +
                             element("isEgress", rule.egress ? "true" : "false") +
                             element("ipProtocol", rule.protocol) +
                             optional("fromPort", rule.from) + optional("toPort", rule.to) +
                             optional("cidrIpv4", rule.cidr4) + optional("cidrIpv6", rule.cidr6) +
                             optional("prefixListId", rule.prefix_list) + peer);
}

std::string xml_of(const AccountType& type) {
  return element(
      "item", element("instanceType", type.name) +
                  element("networkInfo",
                          element("efaSupported", type.efa == true ? "true" : "false") +
                              optional("maximumNetworkCards", type.cards) +
                              element("efaInfo", optional("maximumEfaInterfaces", type.most_efa))));
}

std::string decoded(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_encoded = text[i] == '%' && i + 2 < text.size();
    plain += is_encoded ? from_hex(text.substr(i + 1, 2)) : text.substr(i, 1);
    i += is_encoded ? 2 : 0;
  }
  return plain;
}

Form form_in(const std::string& body) {
  Form form;
  for (const std::string& pair : split(body, '&')) {
    const size_t equals = pair.find('=');
    form[decoded(pair.substr(0, equals))] = decoded(pair.substr(equals + 1));
  }
  return form;
}

// Whether the form's filter of that name, if it has one, names the value.
bool is_wanted(const Form& form, const std::string& name, const std::string& value) {
  for (const auto& [key, text] : form) {
    if (!key.ends_with(".Name") || text != name) continue;
    const std::string filter = key.substr(0, key.size() - 4) + "Value.";
    return std::any_of(form.begin(), form.end(), [&](const auto& one) {
      return one.first.starts_with(filter) && one.second == value;
    });
  }
  return true;
}

std::string page(const Form& form, const std::string& list, const std::vector<std::string>& items,
                 size_t size) {
  const auto token = form.find("NextToken");
  const size_t first = token == form.end() ? 0 : std::stoul(token->second);
  const size_t last = std::min(items.size(), first + size);
  std::string text;
  for (size_t i = first; i < last; ++i) text += items[i];
  const std::string action = form.at("Action") + "Response";
  return element(action, element(list, text) + (last < items.size()
                                                    ? element("nextToken", std::to_string(last))
                                                    : "<nextToken/>"));
}

}  // namespace

HttpAnswer ec2_refusal(long status, const std::string& code) {
  return {status,
          {},
          "<Response><Errors><Error><Code>" + code +
              "</Code><Message>words</Message></Error></Errors></Response>"};
}

size_t Ec2Service::count(const std::string& action) const {
  return static_cast<size_t>(std::count_if(
      asked.begin(), asked.end(), [&](const Form& form) { return form.at("Action") == action; }));
}

std::string Ec2Service::answer_to(const Form& form) const {
  const std::string& action = form.at("Action");
  std::vector<std::string> items;
  if (action == "DescribeInstances") {
    for (const auto& one : facts_.instances) {
      if (is_wanted(form, "instance-id", one.id)) items.push_back(xml_of(one));
    }
    return page(form, "reservationSet", items, page_size);
  }
  if (action == "DescribeSecurityGroupRules") {
    for (const auto& group : facts_.groups) {
      if (!is_wanted(form, "group-id", group.id)) continue;
      for (const auto& rule : group.rules) items.push_back(xml_of(group.id, rule));
    }
    return page(form, "securityGroupRuleSet", items, page_size);
  }
  if (action == "DescribeSecurityGroups") {
    for (const auto& group : facts_.groups) {
      if (!group.exists || !is_wanted(form, "group-id", group.id)) continue;
      items.push_back(element("item", element("groupId", group.id)));
    }
    return page(form, "securityGroupInfo", items, page_size);
  }
  if (action == "DescribePlacementGroups") {
    for (const auto& one : facts_.placement_groups) {
      if (!is_wanted(form, "group-name", one.name)) continue;
      items.push_back(element("item", element("groupName", one.name) +
                                          optional("strategy", one.strategy) +
                                          optional("state", one.state)));
    }
    return page(form, "placementGroupSet", items, page_size);
  }
  if (action == "DescribeInstanceTypes") {
    for (const auto& one : facts_.types) {
      if (is_wanted(form, "instance-type", one.name)) items.push_back(xml_of(one));
    }
    return page(form, "instanceTypeSet", items, page_size);
  }
  if (action == "DescribeCapacityReservations") {
    for (const auto& one : facts_.reservations) {
      if (form.at("CapacityReservationId.1") != one.id) continue;
      items.push_back(
          element("item", element("capacityReservationId", one.id) + optional("state", one.state)));
    }
    return page(form, "capacityReservationSet", items, page_size);
  }
  return element(
      "GetCallerIdentityResponse",
      element("GetCallerIdentityResult", element("Arn", "arn:aws:iam::111122223333:user/admin") +
                                             element("Account", "111122223333")));
}

Result<HttpAnswer> Ec2Service::send(const HttpRequest& request) {
  asked.push_back(form_in(std::string(request.body)));
  if (const std::optional<HttpAnswer> other = instead(asked.back())) return *other;
  return HttpAnswer{200, {}, answer_to(asked.back())};
}

}  // namespace efa
