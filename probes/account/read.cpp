#include "probes/account/read.h"

#include <malloc.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "probes/account/fleet.h"
#include "probes/account/parse.h"
#include "probes/base/printable.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr const char* kEc2Version = "2016-11-15";
constexpr size_t kMostPages = 1'000;
constexpr size_t kMostValues = 200;  // of one filter

Call ec2(const char* action, Parameters parameters) {
  return {"ec2", kEc2Version, action, std::move(parameters)};
}

void add_filter(Parameters& parameters, int number, const std::string& name,
                const std::vector<std::string>& values) {
  const std::string filter = "Filter." + std::to_string(number);
  parameters.emplace_back(filter + ".Name", name);
  for (size_t i = 0; i < values.size(); ++i) {
    parameters.emplace_back(filter + ".Value." + std::to_string(i + 1), values[i]);
  }
}

std::vector<std::vector<std::string>> chunks_of(const std::set<std::string>& all) {
  std::vector<std::vector<std::string>> chunks;
  for (const std::string& one : all) {
    if (chunks.empty() || chunks.back().size() == kMostValues) chunks.emplace_back();
    chunks.back().push_back(one);
  }
  return chunks;
}

// What came of a kind: a section that begins well and ends with the first thing that went wrong.
class Kind {
 public:
  explicit Kind(const char* name) { section_ = {name, SectionStatus::kOk, "", ""}; }

  [[nodiscard]] bool goes_on() const { return section_.status == SectionStatus::kOk; }
  // After a part of it came, it is that which matters.
  void refuse(const Refusal& refusal) {
    section_.status = some_ ? SectionStatus::kPartial : refusal.status;
    section_.error_code = refusal.code;
    section_.words = refusal.words;
  }
  void fail(const std::string& words) { refuse({SectionStatus::kFailed, "", printable(words)}); }
  void came() { some_ = true; }
  [[nodiscard]] const AccountSection& section() const { return section_; }

 private:
  AccountSection section_;
  bool some_ = false;
};

// Every page of one call.
template <class Item>
void read_pages(Calls& calls, const Call& call, Result<Page<Item>> (*parse)(const std::string&),
                Kind& kind, const std::function<void(Item)>& take) {
  std::set<std::string> tokens;
  Call next = call;
  for (size_t pages = 0; kind.goes_on(); ++pages) {
    auto answer = calls.ask(next);
    if (const Refusal* refusal = std::get_if<Refusal>(&answer)) return kind.refuse(*refusal);
    Result<Page<Item>> page = parse(std::get<std::string>(answer));
    if (!page) return kind.fail(message_of(page.error()));
    for (Item& item : page->items) take(std::move(item));
    kind.came();
    if (page->next.empty()) return;
    if (pages + 1 == kMostPages || !tokens.insert(page->next).second) {
      return kind.fail(std::string(call.action) + ": its pages do not end");
    }
    next = call;
    next.parameters.emplace_back("NextToken", page->next);
    malloc_trim(0);  // of each page holes stay between what is kept: 3 MB a page
  }
}

// What of the instances the other kinds are asked for.
struct Mentioned {
  std::set<std::string> instances;
  std::set<std::string> groups;  // of EFA interfaces
  std::set<std::string> placement_groups;
  std::set<std::string> types;
  std::set<std::string> reservations;
};

void mention(const AccountInstance& instance, Mentioned& mentioned) {
  mentioned.instances.insert(instance.id);
  for (const auto& [groups, interfaces] : sets_of(instance)) {
    mentioned.groups.insert(groups.begin(), groups.end());
  }
  if (instance.placement_group) mentioned.placement_groups.insert(instance.placement_group->name);
  if (instance.type) mentioned.types.insert(*instance.type);
  if (instance.reservation) mentioned.reservations.insert(*instance.reservation);
}

class AccountReader {
 public:
  AccountReader(Calls& calls, std::string region, const FleetQuery& query, const TakeFacts& take)
      : calls_(calls), region_(std::move(region)), query_(query), take_(take) {}

  void read() {
    read_instances();
    if (mentioned_.instances.empty()) return;
    read_caller();
    read_rules();
    read_placement_groups();
    read_types();
    read_reservations();
  }

 private:
  void read_caller();
  void read_instances();
  void read_some(const Parameters& parameters, Kind& kind);
  void tell_missing(Kind& kind) const;
  void read_rules();
  void settle_groups(std::vector<AccountGroup>& groups, Kind& kind);
  void read_placement_groups();
  void read_types();
  void read_reservations();
  void read_reservation(const std::string& id, Kind& kind, AccountFacts& part);
  // The end of a kind, with what there is of it.
  void give(const Kind& kind, AccountFacts part) {
    part.sections.push_back(kind.section());
    give(std::move(part));
  }
  void give(AccountFacts part) {
    part.region = region_;
    part.asked_ms = calls_.server_time_ms();  // corrected by the first answer
    take_(part);
  }

  Calls& calls_;
  std::string region_;
  const FleetQuery& query_;
  const TakeFacts& take_;
  Mentioned mentioned_;
};

void AccountReader::read_caller() {
  const auto answer = calls_.ask({"sts", "2011-06-15", "GetCallerIdentity", {}});
  const auto* body = std::get_if<std::string>(&answer);
  const Result<AccountCaller> caller = body == nullptr ? Error{} : parse_caller(*body);
  if (!caller) return;  // without it only its name is missing from words
  AccountFacts part;
  part.caller = *caller;
  give(std::move(part));
}

void AccountReader::read_some(const Parameters& parameters, Kind& kind) {
  Call call = ec2("DescribeInstances", parameters);
  call.parameters.emplace_back("MaxResults", "100");  // 3.4 MB of instances with 32 interfaces
  read_pages<AccountInstance>(calls_, call, parse_instances, kind, [&](AccountInstance instance) {
    if (mentioned_.instances.size() == kMostInstances) {
      kind.fail("DescribeInstances: more than " + std::to_string(kMostInstances) + " instances");
      return;
    }
    if (mentioned_.instances.contains(instance.id)) return;  // told twice
    mention(instance, mentioned_);
    AccountFacts part;
    part.instances.push_back(std::move(instance));
    give(std::move(part));
  });
}

// Ids are asked for by a filter: one that is gone then spoils no call.
void AccountReader::read_instances() {
  Kind kind(kInstancesSection);
  for (const auto& ids : chunks_of({query_.ids.begin(), query_.ids.end()})) {
    Parameters parameters;
    add_filter(parameters, 1, "instance-id", ids);
    read_some(parameters, kind);
  }
  if (query_.ids.empty()) {
    Parameters parameters;
    int number = 0;
    for (const auto& [name, value] : query_.filters) {
      add_filter(parameters, ++number, name, {value});
    }
    add_filter(parameters, ++number, "instance-state-name", {"running"});
    read_some(parameters, kind);
  }
  tell_missing(kind);
  give(kind, {});
}

void AccountReader::tell_missing(Kind& kind) const {
  if (!kind.goes_on()) return;
  std::vector<std::string> missing;
  for (const std::string& id : query_.ids) {
    if (!mentioned_.instances.contains(id)) missing.push_back(id);
  }
  if (missing.empty()) return;
  kind.fail("AWS does not list " + join(missing, ", ") +
            ": terminated, or of another region or account");
}

void AccountReader::read_rules() {
  Kind kind(kRulesSection);
  AccountFacts part;
  std::map<std::string, size_t> index;
  for (const std::string& id : mentioned_.groups) {
    index.emplace(id, part.groups.size());
    part.groups.push_back({.id = id, .exists = true, .complete = false, .rules = {}});
  }
  for (const auto& chunk : chunks_of(mentioned_.groups)) {
    Parameters parameters;
    add_filter(parameters, 1, "group-id", chunk);
    parameters.emplace_back("MaxResults", "1000");
    read_pages<RuleOfGroup>(calls_, ec2("DescribeSecurityGroupRules", parameters), parse_rules,
                            kind, [&](RuleOfGroup row) {
                              const auto group = index.find(row.group);
                              if (group == index.end()) return;  // was not asked for
                              part.groups[group->second].rules.push_back(std::move(row.rule));
                            });
  }
  settle_groups(part.groups, kind);
  give(kind, std::move(part));
}

// A group without rules, and one that the caller cannot see, look alike until one asks for the
// group itself.
void AccountReader::settle_groups(std::vector<AccountGroup>& groups, Kind& kind) {
  if (!kind.goes_on()) return;
  std::set<std::string> without;
  for (AccountGroup& group : groups) {
    group.complete = !group.rules.empty();
    if (group.rules.empty()) without.insert(group.id);
  }
  std::set<std::string> listed;
  for (const auto& chunk : chunks_of(without)) {
    Parameters parameters;
    add_filter(parameters, 1, "group-id", chunk);
    read_pages<std::string>(calls_, ec2("DescribeSecurityGroups", parameters), parse_group_ids,
                            kind, [&](const std::string& id) { listed.insert(id); });
  }
  if (!kind.goes_on()) return;
  for (AccountGroup& group : groups) {
    if (without.contains(group.id)) group.exists = group.complete = listed.contains(group.id);
  }
}

void AccountReader::read_placement_groups() {
  Kind kind(kPlacementGroupsSection);
  AccountFacts part;
  for (const auto& chunk : chunks_of(mentioned_.placement_groups)) {
    Parameters parameters;
    add_filter(parameters, 1, "group-name", chunk);
    read_pages<AccountPlacementGroup>(
        calls_, ec2("DescribePlacementGroups", parameters), parse_placement_groups, kind,
        [&](AccountPlacementGroup group) { part.placement_groups.push_back(std::move(group)); });
  }
  give(kind, std::move(part));
}

void AccountReader::read_types() {
  Kind kind(kTypesSection);
  AccountFacts part;
  for (const auto& chunk : chunks_of(mentioned_.types)) {
    Parameters parameters;
    add_filter(parameters, 1, "instance-type", chunk);
    parameters.emplace_back("MaxResults", "100");
    read_pages<AccountType>(calls_, ec2("DescribeInstanceTypes", parameters), parse_types, kind,
                            [&](AccountType type) { part.types.push_back(std::move(type)); });
  }
  give(kind, std::move(part));
}

// One that is gone would spoil the call for the others: each is asked for alone. A fleet has few.
void AccountReader::read_reservations() {
  constexpr size_t kMost = 50;
  Kind kind(kReservationsSection);
  AccountFacts part;
  size_t asked = 0;
  for (const std::string& id : mentioned_.reservations) {
    if (++asked > kMost) kind.fail("more than " + std::to_string(kMost) + " reservations");
    if (!kind.goes_on()) break;
    read_reservation(id, kind, part);
  }
  give(kind, std::move(part));
}

void AccountReader::read_reservation(const std::string& id, Kind& kind, AccountFacts& part) {
  Kind one(kReservationsSection);
  read_pages<AccountReservation>(
      calls_, ec2("DescribeCapacityReservations", {{"CapacityReservationId.1", id}}),
      parse_reservations, one, [&](AccountReservation reservation) {
        part.reservations.push_back(std::move(reservation));
        kind.came();
      });
  const AccountSection& section = one.section();
  if (one.goes_on() || section.error_code == "InvalidCapacityReservationId.NotFound") return;
  kind.refuse({section.status, section.error_code, section.words});
}

}  // namespace

void read_account(Calls& calls, const std::string& region, const FleetQuery& query,
                  const TakeFacts& take) {
  AccountReader(calls, region, query, take).read();
}

}  // namespace efa
