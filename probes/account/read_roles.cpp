#include "probes/account/read_roles.h"

#include "probes/account/pages.h"
#include "probes/base/text.h"

namespace efa {
namespace {

constexpr size_t kMostProfiles = 50;  // a fleet has a few

// "arn:aws:iam::111122223333:role/node": partition, account
std::string part_of_arn(const std::string& arn, size_t part) {
  const std::vector<std::string> parts = split(arn, ':');
  return part < parts.size() ? parts[part] : "";
}

class RolesReader {
 public:
  RolesReader(Calls& calls, const RolesQuery& query,
              const std::function<void(AccountFacts part)>& give)
      : calls_(calls), query_(query), give_(give), log_group_(query.session_log_group) {}

  void read(const std::set<std::string>& profiles) {
    read_profiles(profiles);
    if (roles_.empty()) return;
    read_sessions();
    read_rights();
  }

 private:
  void read_profiles(const std::set<std::string>& profiles);
  void read_profile(const std::string& arn, Kind& kind, AccountFacts& part);
  void read_sessions();
  void read_rights();
  void simulate(const std::string& role, const std::vector<std::string>& actions,
                const std::string& resource, Kind& kind, AccountFacts& part);

  void give(const Kind& kind, AccountFacts part) {
    part.sections.push_back(kind.section());
    give_(std::move(part));
  }

  Calls& calls_;
  const RolesQuery& query_;
  const std::function<void(AccountFacts part)>& give_;
  std::string log_group_;
  std::set<std::string> roles_;
};

void RolesReader::read_profiles(const std::set<std::string>& profiles) {
  Kind kind(kProfilesSection);
  AccountFacts part;
  size_t asked = 0;
  for (const std::string& arn : profiles) {
    if (++asked > kMostProfiles) kind.fail("more than 50 instance profiles");
    if (!kind.goes_on()) break;
    read_profile(arn, kind, part);
  }
  give(kind, std::move(part));
}

// One that is gone is a fact, also where another of its name came after it.
void RolesReader::read_profile(const std::string& arn, Kind& kind, AccountFacts& part) {
  const std::string name = arn.substr(arn.rfind('/') + 1);
  auto answer = calls_.ask({kIam, "GetInstanceProfile", {{"InstanceProfileName", name}}});
  if (const Refusal* refusal = std::get_if<Refusal>(&answer)) {
    if (refusal->code != "NoSuchEntity") return kind.refuse(*refusal);
    part.profiles.push_back({arn, false, std::nullopt});
    return kind.came();
  }
  Result<AccountProfile> profile = parse_instance_profile(std::get<std::string>(answer));
  if (!profile) return kind.fail(message_of(profile.error()));
  kind.came();
  if (profile->arn != arn) profile = AccountProfile{arn, false, std::nullopt};
  if (profile->role) roles_.insert(*profile->role);
  part.profiles.push_back(std::move(*profile));
}

// The document that SSM keeps an account's preferences in; without it sessions are not logged.
void RolesReader::read_sessions() {
  Kind kind(kSessionsSection);
  AccountFacts part;
  if (log_group_.empty()) {
    auto answer = calls_.ask({kSsm, "GetDocument", {}, {{"Name", "SSM-SessionManagerRunShell"}}});
    if (const Refusal* refusal = std::get_if<Refusal>(&answer)) {
      if (refusal->code != "InvalidDocument") kind.refuse(*refusal);
    } else {
      const auto group = parse_session_log_group(std::get<std::string>(answer));
      if (!group) kind.fail(message_of(group.error()));
      log_group_ = group ? group->value_or("") : "";
    }
  }
  if (!log_group_.empty()) part.session_log_group = log_group_;
  give(kind, std::move(part));
}

void RolesReader::read_rights() {
  Kind kind(kRightsSection);
  AccountFacts part;
  if (!query_.bucket.empty()) part.bucket = query_.bucket;
  for (const std::string& role : roles_) {
    simulate(role, {"ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel"}, "", kind,
             part);
    if (!query_.bucket.empty()) {
      const std::string objects =
          "arn:" + part_of_arn(role, 1) + ":s3:::" + query_.bucket + "/latest/i-1.json";
      simulate(role, {"s3:PutObject"}, objects, kind, part);
    }
    if (log_group_.empty()) continue;
    // any stream of the group: Session Manager makes one for each session
    const std::string streams = "arn:" + part_of_arn(role, 1) + ":logs:" + query_.region + ":" +
                                part_of_arn(role, 4) + ":log-group:" + log_group_ +
                                ":log-stream:session";
    simulate(role, {"logs:CreateLogStream", "logs:PutLogEvents"}, streams, kind, part);
  }
  give(kind, std::move(part));
}

// Of a role that is gone nothing is known, and nothing of it is wrong with the others.
void RolesReader::simulate(const std::string& role, const std::vector<std::string>& actions,
                           const std::string& resource, Kind& kind, AccountFacts& part) {
  if (!kind.goes_on()) return;
  Call call{kIam, "SimulatePrincipalPolicy", {{"PolicySourceArn", role}}};
  for (size_t i = 0; i < actions.size(); ++i) {
    call.parameters.emplace_back("ActionNames.member." + std::to_string(i + 1), actions[i]);
  }
  if (!resource.empty()) call.parameters.emplace_back("ResourceArns.member.1", resource);
  Kind one(kRightsSection);
  read_pages<AccountRight>(
      calls_, call, [&](const std::string& body) { return parse_rights(body, role); }, one,
      [&](AccountRight right) {
        part.rights.push_back(std::move(right));
        kind.came();
      });
  if (!one.goes_on() && one.section().error_code != "NoSuchEntity") kind.refuse(one.section());
}

}  // namespace

void read_roles(Calls& calls, const RolesQuery& query, const std::set<std::string>& profiles,
                const std::function<void(AccountFacts part)>& give) {
  RolesReader(calls, query, give).read(profiles);
}

}  // namespace efa
