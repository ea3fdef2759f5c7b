#include "agent/cli/fleet_options.h"

#include <string_view>

#include "agent/cli/option_types.h"

namespace efa {
namespace {

constexpr int64_t kMostPort = 65'535;

struct OfRole {
  std::string_view role;
  const char* option;
};
constexpr OfRole kOfOneRole[] = {
    {.role = "server", .option = "--bind"},    {.role = "server", .option = "--once"},
    {.role = "client", .option = "--sizes"},   {.role = "client", .option = "--engine"},
    {.role = "client", .option = "--compare"}, {.role = "client", .option = "--seconds"},
    {.role = "client", .option = "--format"},  {.role = "client", .option = "--output"},
};

}  // namespace

void add_pair_options(CLI::App& pair, CommandLine& line) {
  PairOptions& options = line.pair;
  pair.add_option("ROLE", options.role, "server or client")
      ->required()
      ->check(one_of({"server", "client"}));
  pair.add_option("HOST", options.host, "Of the server, for a client");
  pair.add_option("--bind", options.bind, "Of a server: listen at this address alone")
      ->type_name("ADDRESS");
  pair.add_option("--port", options.port, "TCP port of the server")
      ->type_name("N")
      ->check(whole_number(1, kMostPort))
      ->capture_default_str();
  pair.add_option("--device", options.device, "Test this EFA device alone: its PCI address or name")
      ->type_name("DEVICE")
      ->capture_default_str();
  pair.add_flag("--once", options.once, "Of a server: end once a client was served");
  pair.add_option("--token-file", options.token_file,
                  "What both ends must know. Without it a server prints one, and a client reads "
                  "it from standard input")
      ->type_name("FILE");
  pair.add_option("--sizes", options.sizes,
                  "Of a client: take figures with messages of so many bytes")
      ->type_name("BYTES,...")
      ->delimiter(',')
      ->capture_default_str();
  pair.add_option("--engine", options.engine,
                  "Of a client: use the devices by libibverbs, by each libfabric that is "
                  "installed, or first by the one and then by the others")
      ->check(one_of({kVerbsEngine, kLibfabricEngine, kBothEngines}))
      ->capture_default_str();
  pair.add_flag("--compare", options.compare,
                "Of a client: let fi_pingpong, where both nodes have it, send the same messages "
                "over one pair of devices (its TCP port 47592 must be open too)");
  pair.add_option("--seconds", options.seconds,
                  "Of a client: for the figures of each pair of devices")
      ->type_name("N")
      ->check(whole_number(1, kMostPairSeconds))
      ->capture_default_str();
  add_formats(pair, line, {OutputFormat::kText, OutputFormat::kJson});
  pair.get_option("--format")->description("Of a client: output format");
  pair.add_option("--output", line.output, "Of a client: write the report to FILE")
      ->type_name("FILE");
}

std::vector<std::string> options_of_other_role(const CLI::App& pair, const std::string& role) {
  std::vector<std::string> found;
  for (const OfRole& one : kOfOneRole) {
    if (one.role != role && pair.count(one.option) > 0) found.emplace_back(one.option);
  }
  return found;
}

void add_mesh_options(CLI::App& mesh, CommandLine& line) {
  MeshOptions& options = line.mesh;
  mesh.add_option(
          "--leader", options.leader,
          "Host of rank 0. Without it EFA_DOCTOR_MESH_LEADER, or the first node of srun's list")
      ->type_name("HOST");
  mesh.add_option("--rank", options.rank, "Of this node, from 0. Without it what started it says")
      ->type_name("N")
      ->check(whole_number(0, kMostRanks - 1));
  mesh.add_option("--ranks", options.ranks, "How many there are; with an Indexed Job to be said")
      ->type_name("N")
      ->check(whole_number(2, kMostRanks));
  mesh.add_option("--port", options.port, "TCP port of rank 0")
      ->type_name("N")
      ->check(whole_number(1, kMostPort))
      ->capture_default_str();
  mesh.add_option("--wait", options.wait_s, "For all ranks to be there; who is not is absent")
      ->type_name("SECONDS")
      ->check(whole_number(1, kMostMeshWait))
      ->capture_default_str();
  mesh.add_option("--token-file", options.pair.token_file,
                  "What all ranks must know. Without it EFA_DOCTOR_MESH_TOKEN")
      ->type_name("FILE");
  mesh.add_option("--seconds", options.pair.seconds, "For the figures of each two nodes")
      ->type_name("N")
      ->check(whole_number(1, kMostPairSeconds))
      ->capture_default_str();
  mesh.add_option("--sizes", options.pair.sizes, "Take figures with messages of so many bytes")
      ->type_name("BYTES,...")
      ->delimiter(',')
      ->capture_default_str();
  add_formats(mesh, line, {OutputFormat::kText, OutputFormat::kJson, OutputFormat::kSvg});
  mesh.add_option("--output", line.output, "Of rank 0: write the report to FILE")
      ->type_name("FILE");
}

void add_account_options(CLI::App& account, CommandLine& line) {
  AccountQuestion& question = line.account;
  account.add_option("--instance", question.instances, "An instance; may be given again")
      ->type_name("ID")
      ->allow_extra_args(false);
  account
      .add_option("--filter", question.filters,
                  "Running instances that match, as tag:Fleet=train; may be given again")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  account
      .add_option("--template", question.templates,
                  "A CloudFormation template, a cdk.out folder or a Terraform plan in JSON, "
                  "instead of AWS; may be given again")
      ->type_name("FILE")
      ->allow_extra_args(false);
  account.add_option("--parameter", question.parameters, "A parameter of the template")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  account
      .add_option("--from-reports", question.reports,
                  "Reports of nodes, below latest/ of a bucket's prefix or a copy of them: their "
                  "instances are asked about, and what explains their faults is told")
      ->type_name("DIR|s3://BUCKET/PREFIX");
  account
      .add_option("--bucket", question.bucket,
                  "Where nodes put their reports: whether their roles may")
      ->type_name("s3://BUCKET/PREFIX");
  account.add_flag(
      "--check-rights", question.only_rights,
      "Say which of the calls the caller may make, with --from-reports also of its bucket, "
      "and ask about no fleet");
  account.add_flag("--expect-efa", line.wishes.efa_is_expected,
                   "Every instance is meant to have EFA");
  account.add_flag("--require-ssm", line.wishes.ssm_is_required,
                   "Nodes are reached by AWS Systems Manager alone");
  account
      .add_option("--root-volume", line.wishes.root_volume_gib, "Recommended size of root volumes")
      ->type_name("GIB")
      ->check(whole_number(1, 65'536))
      ->capture_default_str();
  account
      .add_option("--session-log-group", question.session_log_group,
                  "Where sessions of SSM are logged; default: as the account's preferences say")
      ->type_name("NAME");
  account.add_option("--region", question.region, "Default: of the environment or the profile")
      ->type_name("REGION");
  account.add_option("--profile", question.profile, "Of ~/.aws/config; default: AWS_PROFILE")
      ->type_name("NAME");
  account.add_option("--endpoint", question.endpoint, "Of EC2's API, instead of that of AWS")
      ->type_name("URL");
  account.add_option("--rate", question.calls_a_second, "Calls a second at most")
      ->type_name("N")
      ->check(whole_number(1, 100))
      ->capture_default_str();
  account.add_option("--limit", question.limit_s, "Give up after this time")
      ->type_name("SECONDS")
      ->check(whole_number(5, 3600))
      ->capture_default_str();
  add_formats(
      account, line,
      {OutputFormat::kText, OutputFormat::kJson, OutputFormat::kLines, OutputFormat::kPrometheus});
  account.add_option("--output", line.output, "Write the report to FILE")->type_name("FILE");
  account.add_flag("--deliver", line.deliver_account,
                   "Put the instances into the bucket of the configuration, "
                   "account/account=ID/region=REGION/fleet=WORDS/latest.json.gz (without .gz "
                   "where gzip is off)");
  account.add_option("--record", question.record, "Keep what AWS said in FILE")->type_name("FILE");
  account.add_option("--replay", question.replay, "Report on such a FILE instead of AWS")
      ->type_name("FILE");
}

}  // namespace efa
