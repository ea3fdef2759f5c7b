#include "tests/support/ec2_service.h"

#include <algorithm>
#include <set>

#include "probes/base/text.h"
#include "probes/base/value.h"

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

std::string launch_options_of(const AccountInstance& instance) {
  const bool is_group = instance.reservation_wanted.value_or("").starts_with("arn:");
  return element("iamInstanceProfile", optional("arn", instance.profile_arn)) +
         element("metadataOptions",
                 element("httpEndpoint", instance.imds_enabled == true ? "enabled" : "disabled") +
                     optional("httpTokens", instance.imds_tokens) +
                     optional("httpPutResponseHopLimit", instance.imds_hop_limit)) +
         element("capacityReservationSpecification",
                 optional("capacityReservationPreference", instance.reservation_preference) +
                     element("capacityReservationTarget",
                             optional(is_group ? "capacityReservationResourceGroupArn"
                                               : "capacityReservationId",
                                      instance.reservation_wanted)));
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
  const std::string volume =
      element("item", element("deviceName", "/dev/xvda") +
                          element("ebs", optional("volumeId", instance.root_volume)));
  return element(
      "item",
      element(
          "instancesSet",
          element("item",
                  element("instanceId", instance.id) +
                      element("instanceState", optional("name", instance.state)) +
                      optional("instanceType", instance.type) + element("placement", placement) +
                      optional("subnetId", instance.subnet) + optional("vpcId", instance.vpc) +
                      optional("capacityReservationId", instance.reservation) +
                      launch_options_of(instance) + element("rootDeviceName", "/dev/xvda") +
                      element("blockDeviceMapping", volume) +
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

std::string xml_of(const AccountVolume& volume) {
  return element("item", element("volumeId", volume.id) + optional("size", volume.size_gib) +
                             element("encrypted", volume.encrypted == true ? "true" : "false") +
                             optional("volumeType", volume.kind));
}

std::string xml_of(const AccountRight& right) {
  return element(
      "member",
      element("EvalActionName", right.action) + element("EvalResourceName", right.resource) +
          element("EvalDecision", right.decision) +
          (right.has_conditions ? element("MissingContextValues", element("member", "aws:x"))
                                : "<MissingContextValues/>"));
}

// Whether some parameter of that list has the value.
bool lists(const Form& form, const std::string& list, const std::string& value) {
  return std::any_of(form.begin(), form.end(), [&](const auto& one) {
    return one.first.starts_with(list) && one.second == value;
  });
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

// A filter of a form: lets through what it names, without it everything.
class Filter {
 public:
  Filter(const Form& form, const std::string& name) {
    for (const auto& [key, text] : form) {
      if (key.ends_with(".Name") && text == name)
        prefix_ = key.substr(0, key.size() - 4) + "Value.";
    }
    for (const auto& [key, text] : form) {
      if (!prefix_.empty() && key.starts_with(prefix_)) values_.insert(text);
    }
  }
  [[nodiscard]] bool wants(const std::string& value) const {
    return prefix_.empty() || values_.contains(value);
  }

 private:
  std::string prefix_;
  std::set<std::string> values_;
};

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

std::string Ec2Service::answer_of_ec2(const Form& form) const {
  const std::string& action = form.at("Action");
  std::vector<std::string> items;
  if (action == "DescribeInstances") {
    const Filter wanted(form, "instance-id");
    for (const auto& one : facts_.instances) {
      if (wanted.wants(one.id)) items.push_back(xml_of(one));
    }
    return page(form, "reservationSet", items, page_size);
  }
  if (action == "DescribeSecurityGroupRules") {
    const Filter wanted(form, "group-id");
    for (const auto& group : facts_.groups) {
      if (!wanted.wants(group.id)) continue;
      for (const auto& rule : group.rules) items.push_back(xml_of(group.id, rule));
    }
    return page(form, "securityGroupRuleSet", items, page_size);
  }
  if (action == "DescribeSecurityGroups") {
    const Filter wanted(form, "group-id");
    for (const auto& group : facts_.groups) {
      if (!group.exists || !wanted.wants(group.id)) continue;
      items.push_back(element("item", element("groupId", group.id)));
    }
    return page(form, "securityGroupInfo", items, page_size);
  }
  if (action == "DescribePlacementGroups") {
    const Filter wanted(form, "group-name");
    for (const auto& one : facts_.placement_groups) {
      if (!wanted.wants(one.name)) continue;
      items.push_back(element("item", element("groupName", one.name) +
                                          optional("strategy", one.strategy) +
                                          optional("state", one.state)));
    }
    return page(form, "placementGroupSet", items, page_size);
  }
  if (action == "DescribeInstanceTypes") {
    const Filter wanted(form, "instance-type");
    for (const auto& one : facts_.types) {
      if (wanted.wants(one.name)) items.push_back(xml_of(one));
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
  if (action == "DescribeVolumes") {
    const Filter wanted(form, "volume-id");
    for (const auto& one : facts_.volumes) {
      if (wanted.wants(one.id)) items.push_back(xml_of(one));
    }
    return page(form, "volumeSet", items, page_size);
  }
  return element(
      "GetCallerIdentityResponse",
      element("GetCallerIdentityResult", element("Arn", "arn:aws:iam::111122223333:user/admin") +
                                             element("Account", "111122223333")));
}

std::string Ec2Service::answer_of_iam(const Form& form) const {
  const std::string& action = form.at("Action");
  std::string result;
  if (action == "GetInstanceProfile") {
    for (const auto& one : facts_.profiles) {
      if (!one.exists || !one.arn.ends_with("/" + form.at("InstanceProfileName"))) continue;
      const std::string role = one.role ? element("member", element("Arn", *one.role)) : "";
      result = element("InstanceProfile", element("Arn", one.arn) + element("Roles", role));
    }
  } else {
    std::vector<std::string> items;
    for (const auto& one : facts_.rights) {
      const bool of_resource =
          one.resource == "*" || lists(form, "ResourceArns.member.", one.resource);
      if (one.role == form.at("PolicySourceArn") && of_resource &&
          lists(form, "ActionNames.member.", one.action)) {
        items.push_back(xml_of(one));
      }
    }
    const auto marker = form.find("Marker");
    const size_t first = marker == form.end() ? 0 : std::stoul(marker->second);
    const size_t last = std::min(items.size(), first + page_size);
    std::string members;
    for (size_t i = first; i < last; ++i) members += items[i];
    result = element("EvaluationResults", members) +
             (last < items.size()
                  ? element("IsTruncated", "true") + element("Marker", std::to_string(last))
                  : element("IsTruncated", "false"));
  }
  return element(action + "Response", element(action + "Result", result));
}

std::string Ec2Service::answer_of_ssm(const Form& form) const {
  const Value asked_for = *parse_json(form.at("Json"), "the request");
  if (form.at("Action") == "GetDocument") {
    Value content;
    content.set("inputs",
                Object{{"cloudWatchLogGroupName", facts_.session_log_group.value_or("")}});
    return render_json(Object{{"Content", render_json(content)}});
  }
  const Value& filter = asked_for.find("Filters")->as<Array>()->at(0);
  std::set<std::string> ids;
  for (const Value& id : *filter.find("Values")->as<Array>()) ids.insert(*id.as<std::string>());
  std::vector<Value> rows;
  for (const auto& one : facts_.managed) {
    if (!ids.contains(one.instance)) continue;
    rows.emplace_back(Object{{"InstanceId", one.instance},
                             {"PingStatus", one.ping.value_or("")},
                             {"AgentVersion", one.agent_version.value_or("")}});
  }
  const std::string token = asked_for.text("NextToken");
  const size_t first = token.empty() ? 0 : std::stoul(token);
  const size_t last = std::min(rows.size(), first + page_size);
  Value answer;
  answer.set("InstanceInformationList", Array(rows.begin() + static_cast<std::ptrdiff_t>(first),
                                              rows.begin() + static_cast<std::ptrdiff_t>(last)));
  if (last < rows.size()) answer.set("NextToken", std::to_string(last));
  return render_json(answer);
}

std::string Ec2Service::answer_to(const Form& form) const {
  if (form.contains("Json")) return answer_of_ssm(form);
  return form.at("Version") == "2010-05-08" ? answer_of_iam(form) : answer_of_ec2(form);
}

HttpAnswer json_refusal(const std::string& code) {
  return {400, {}, R"({"__type":")" + code + R"(","message":"words"})"};
}

Result<HttpAnswer> Ec2Service::send(const HttpRequest& request) {
  Form form = form_in(std::string(request.body));
  for (const auto& [name, value] : request.headers) {
    if (name == "x-amz-target") {
      form = {{"Action", value.substr(value.find('.') + 1)}, {"Json", std::string(request.body)}};
    }
  }
  asked.push_back(form);
  if (const std::optional<HttpAnswer> other = instead(asked.back())) return *other;
  return HttpAnswer{200, {}, answer_to(asked.back())};
}

}  // namespace efa
