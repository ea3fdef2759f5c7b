#include "agent/cli/account.h"

#include "agent/account/fleet_report.h"
#include "agent/cli/output.h"
#include "agent/log/log.h"
#include "probes/base/exit_codes.h"
#include "probes/base/moment.h"

namespace efa {
namespace {

std::string rendered(const AccountOptions& options, const FleetReport& report) {
  // one line, as Athena reads it, where a program reads it; people have jq
  if (options.format == "json") return render_json(fleet_value(report)) + "\n";
  if (options.format == "prometheus") return render_fleet_prometheus(report);
  return render_fleet_text(report, style_of(options.output));
}

}  // namespace

int run_account(const Config& config, const AccountOptions& options) {
  AccountQuestion question = options.question;
  question.metadata_endpoint = config.metadata.endpoint;
  const Moment start = Moment::now();
  const Result<Done> right = check_question(question);
  if (!right) {
    log_error("{}", message_of(right.error()));
    return kExitUsage;
  }
  const Result<Weights> weights = parse_weights(config.pass.checks);
  if (!weights) {
    log_error("{}", message_of(weights.error()));
    return kExitUsage;
  }
  Result<AccountAnswer> answer = ask_account(question);
  if (!answer) {
    log_error("{}", message_of(answer.error()));
    return kExitUsage;
  }
  FleetReport report = judge_fleet(std::move(answer->facts), answer->outcome, words_of(question),
                                   {options.wishes, *weights});
  report.started_at_ms = start.unix_ms;
  report.duration_ms = Moment::now().boot_ms - start.boot_ms;
  return put_out(rendered(options, report), options.output, exit_code_of(report.verdict));
}

}  // namespace efa
