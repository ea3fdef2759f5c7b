#include "probes/account/read.h"

#include <map>
#include <set>

#include "probes/account/coverage.h"
#include "probes/account/pages.h"
#include "probes/account/parse.h"
#include "probes/account/read_reports.h"
#include "probes/account/read_roles.h"
#include "probes/base/text.h"

namespace efa {
namespace {

// What of the instances the other kinds are asked for.
struct Mentioned {
  std::set<std::string> instances;
  std::set<std::string> groups;
  std::set<std::string> placement_groups;
  std::set<std::string> types;
  std::set<std::string> reservations;
  std::set<std::string> volumes;
  std::set<std::string> profiles;
};

void mention(const AccountInstance& instance, Mentioned& mentioned) {
  mentioned.instances.insert(instance.id);
  for (const AccountInterface& interface : instance.interfaces) {
    if (!interface.groups) continue;
    mentioned.groups.insert(interface.groups->begin(), interface.groups->end());
  }
  if (instance.placement_group) mentioned.placement_groups.insert(instance.placement_group->name);
  if (instance.type) mentioned.types.insert(*instance.type);
  if (instance.reservation) mentioned.reservations.insert(*instance.reservation);
  if (instance.root_volume) mentioned.volumes.insert(*instance.root_volume);
  if (instance.profile_arn) mentioned.profiles.insert(*instance.profile_arn);
}

class AccountReader {
 public:
  AccountReader(Calls& calls, std::string region, const FleetQuery& query, const TakeFacts& take)
      : calls_(calls), region_(std::move(region)), query_(query), take_(take), ids_(query.ids) {}

  void read() {
    if (!query_.reports.empty() && !read_reports()) return;
    read_instances();
    if (mentioned_.instances.empty()) return;
    read_caller();
    read_rules();
    read_placement_groups();
    read_types();
    read_reservations();
    read_volumes();
    read_managed();
    read_roles(calls_, {region_, query_.session_log_group, query_.bucket}, mentioned_.profiles,
               [this](AccountFacts part) { give(std::move(part)); });
  }

 private:
  // False where the fleet is then named by nobody.
  bool read_reports();
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
  void read_volumes();
  void read_managed();
  void read_managed_of(const std::vector<std::string>& ids, Kind& kind);
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
  std::vector<std::string> ids_;
  Mentioned mentioned_;
  size_t managed_again_ = 0;  // calls of SSM that asked for a part of another
};

bool AccountReader::read_reports() {
  Kind kind(kReportsSection);
  NodeReports reports;
  read_node_reports(calls_, query_.reports, kind, reports);
  const bool named = !ids_.empty() || !query_.filters.empty();
  if (!named) ids_ = reports.instances();
  if (!reports.empty()) kind.came();
  if (kind.goes_on() && reports.empty()) {
    kind.fail(query_.reports + " holds no report of a node; " + reports.unread());
  }
  if (kind.goes_on() && !reports.unread().empty()) kind.fail(reports.unread());
  AccountFacts part;
  part.nodes = std::move(reports).nodes();
  part.reports = query_.reports;
  const bool none = ids_.empty() && query_.filters.empty();
  if (none)
    part.sections.push_back({kInstancesSection, SectionStatus::kFailed, "",
                             "no report says of which: " + kind.section().words});
  give(kind, std::move(part));
  return !none;
}

void AccountReader::read_caller() {
  const auto answer = calls_.ask({kSts, "GetCallerIdentity", {}});
  const auto* body = std::get_if<std::string>(&answer);
  const Result<AccountCaller> caller = body == nullptr ? Error{} : parse_caller(*body);
  if (!caller) return;  // without it only its name is missing from words
  AccountFacts part;
  part.caller = *caller;
  give(std::move(part));
}

void AccountReader::read_some(const Parameters& parameters, Kind& kind) {
  Call call{kEc2, "DescribeInstances", parameters};
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
  for (const auto& ids : chunks_of({ids_.begin(), ids_.end()})) {
    Parameters parameters;
    add_filter(parameters, 1, "instance-id", ids);
    read_some(parameters, kind);
  }
  if (ids_.empty()) {
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
  for (const std::string& id : ids_) {
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
    read_pages<RuleOfGroup>(calls_, {kEc2, "DescribeSecurityGroupRules", parameters}, parse_rules,
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
    read_pages<std::string>(calls_, {kEc2, "DescribeSecurityGroups", parameters}, parse_group_ids,
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
        calls_, {kEc2, "DescribePlacementGroups", parameters}, parse_placement_groups, kind,
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
    read_pages<AccountType>(calls_, {kEc2, "DescribeInstanceTypes", parameters}, parse_types, kind,
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
      calls_, {kEc2, "DescribeCapacityReservations", {{"CapacityReservationId.1", id}}},
      parse_reservations, one, [&](AccountReservation reservation) {
        part.reservations.push_back(std::move(reservation));
        kind.came();
      });
  const AccountSection& section = one.section();
  if (one.goes_on() || section.error_code == "InvalidCapacityReservationId.NotFound") return;
  kind.refuse(section);
}

// One that is gone is not listed, and spoils nothing.
void AccountReader::read_volumes() {
  Kind kind(kVolumesSection);
  for (const auto& chunk : chunks_of(mentioned_.volumes)) {
    Parameters parameters;
    add_filter(parameters, 1, "volume-id", chunk);
    read_pages<AccountVolume>(calls_, {kEc2, "DescribeVolumes", parameters}, parse_volumes, kind,
                              [&](AccountVolume volume) {
                                AccountFacts part;
                                part.volumes.push_back(std::move(volume));
                                give(std::move(part));
                              });
  }
  give(kind, {});
}

void AccountReader::read_managed() {
  constexpr size_t kMostIds = 50;  // of that filter
  Kind kind(kManagedSection);
  for (const auto& chunk : chunks_of(mentioned_.instances, kMostIds)) read_managed_of(chunk, kind);
  give(kind, {});
}

// SSM documents an error for an id that it does not take: the others are asked for in halves.
void AccountReader::read_managed_of(const std::vector<std::string>& ids, Kind& kind) {
  constexpr size_t kMostAgain = 50;
  if (!kind.goes_on()) return;
  const Object filter{{"Key", "InstanceIds"}, {"Values", Array(ids.begin(), ids.end())}};
  Kind one(kManagedSection);
  read_pages<AccountManaged>(
      calls_,
      {kSsm, "DescribeInstanceInformation", {}, {{"Filters", Array{filter}}, {"MaxResults", 50}}},
      parse_managed, one, [&](AccountManaged managed) {
        AccountFacts part;
        part.managed.push_back(std::move(managed));
        give(std::move(part));
        kind.came();
      });
  const AccountSection& section = one.section();
  if (one.goes_on() || (section.error_code == "InvalidInstanceId" && ids.size() == 1)) return;
  if (section.error_code != "InvalidInstanceId" || managed_again_ == kMostAgain) {
    return kind.refuse(section);
  }
  managed_again_ += 2;
  const auto middle = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
  read_managed_of({ids.begin(), middle}, kind);
  read_managed_of({middle, ids.end()}, kind);
}

}  // namespace

void read_account(Calls& calls, const std::string& region, const FleetQuery& query,
                  const TakeFacts& take) {
  AccountReader(calls, region, query, take).read();
}

}  // namespace efa
