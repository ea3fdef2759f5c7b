// What servers answer: S3, STS, EC2 and the metadata service; and the files that hold credentials.
// The first byte says which: 'e' an error of a service, 'r' a role of STS, 'j' credentials, 'p' a
// profile, 't' times, 'm' metadata, 'u' a target, 'a' an answer of EC2, IAM or SSM about a fleet.

#include "agent/deliver/s3/answer.h"
#include "probes/account/access_checks.h"
#include "probes/account/exposure_checks.h"
#include "probes/account/group_checks.h"
#include "probes/account/instance_checks.h"
#include "probes/account/launch_checks.h"
#include "probes/account/node_checks.h"
#include "probes/account/node_reports.h"
#include "probes/account/parse.h"
#include "probes/account/role_checks.h"
#include "probes/account/volume_checks.h"
#include "probes/aws/backoff.h"
#include "probes/aws/credential_chain.h"
#include "probes/aws/metadata.h"
#include "probes/aws/sts.h"
#include "probes/base/text.h"
#include "probes/base/times.h"
#include "probes/judging/findings.h"
#include "tests/fuzz/claims.h"

namespace efa {
namespace {

constexpr int64_t kNow = 1'795'471'200'000;

void read_error(const std::string& body) {
  const ServiceError error = parse_service_error(body);
  PutContext context;
  context.target.bucket = "bucket";
  context.region = "eu-west-1";
  for (const long status : {200L, 301L, 400L, 403L, 404L, 407L, 409L, 412L, 413L, 501L, 503L}) {
    HttpAnswer answer;
    answer.status = status;
    answer.headers = {{"retry-after", body.substr(0, 64)}};
    answer.body = body;
    const PutResult result = judge_answer(answer, error, context, kNow);
    claim(result.words.size() < 4096 && is_utf8(result.words), "delivery.json takes the words");
  }
}

void read_times(const std::string& text) {
  (void)parse_iso_time_ms(text);
  (void)parse_http_date_ms(text);
  const auto after = parse_retry_after_ms(text, kNow);
  claim(delay_ms(kSoon, 3, 0.5, after) <= kSlowly.most_ms * 24, "a pause ends");
}

// Of any action: what is none of it is refused by all but one.
void read_fleet(const std::string& body) {
  AccountFacts facts;
  facts.sections.push_back({kInstancesSection, SectionStatus::kOk, "", ""});
  facts.sections.push_back({kRulesSection, SectionStatus::kOk, "", ""});
  if (auto instances = parse_instances(body)) facts.instances = std::move(instances->items);
  if (auto rules = parse_rules(body)) {
    for (RuleOfGroup& row : rules->items) {
      facts.groups.push_back({row.group, true, true, {std::move(row.rule)}});
    }
  }
  if (auto groups = parse_placement_groups(body)) facts.placement_groups = groups->items;
  if (auto types = parse_types(body)) facts.types = types->items;
  if (auto reservations = parse_reservations(body)) facts.reservations = reservations->items;
  if (auto volumes = parse_volumes(body)) facts.volumes = volumes->items;
  if (auto managed = parse_managed(body)) facts.managed = managed->items;
  if (auto profile = parse_instance_profile(body)) facts.profiles = {*profile};
  if (auto rights = parse_rights(body, "role")) facts.rights = rights->items;
  facts.session_log_group = parse_session_log_group(body).value_or(std::nullopt);
  (void)parse_group_ids(body).ok();
  (void)parse_caller(body).ok();
  (void)parse_keys(body).ok();
  NodeReports reports;
  reports.take("report", body);
  facts.nodes = std::move(reports).nodes();
  Findings findings;
  judge_account_groups(facts, findings);
  judge_account_interfaces(facts, findings);
  judge_account_places(facts, findings);
  judge_account_launches(facts, findings);
  judge_account_volumes(facts, findings);
  judge_account_roles(facts, findings);
  judge_account_exposure(facts, findings);
  judge_account_nodes(facts, findings);
  claim(findings.all().size() == facts.instances.size() * 27, "each check is said of each");
  judge_account_access(facts, findings);
}

void read(char which, const std::string& text) {
  if (which == 'e') read_error(text);
  if (which == 'r') (void)parse_assumed_role(text, "STS").ok();
  if (which == 'j') (void)parse_credentials_json(text, "metadata").ok();
  if (which == 'p') (void)parse_profile(text, "default", "credentials").ok();
  if (which == 't') read_times(text);
  if (which == 'm') claim(!is_metadata_text(text) || is_utf8(text), "metadata is text");
  if (which == 'a') read_fleet(text);
  if (which == 'c') (void)is_allowed_container_url(text);
  if (which != 'u') return;
  const Result<S3Target> target = parse_target(text, "", "auto");
  if (target) claim(!address_of(*target, "eu-west-1", "key").host.empty(), "a target has a host");
}

}  // namespace
}  // namespace efa

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  efa::read(static_cast<char>(data[0]), {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
