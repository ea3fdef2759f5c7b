#include "agent/cli/account.h"

#include "agent/account/fleet_report.h"
#include "agent/account/rights.h"
#include "agent/deliver/s3/hand_over.h"
#include "agent/deliver/s3/object_key.h"
#include "agent/log/log.h"
#include "agent/report/output.h"
#include "probes/base/exit_codes.h"
#include "probes/base/moment.h"
#include "probes/base/text.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

std::string rendered(const AccountOptions& options, const FleetReport& report) {
  // one line, as Athena reads it, where a program reads it; people have jq
  if (options.format == OutputFormat::kJson) return render_json(fleet_value(report)) + "\n";
  if (options.format == OutputFormat::kLines) return render_fleet_lines(report);
  if (options.format == OutputFormat::kPrometheus) return render_fleet_prometheus(report);
  return render_fleet_text(report, style_of(options.output));
}

// What the probe was told to tell, and why it did not end well: what came before is judged.
void warn_of(const ProbeOutcome& outcome) {
  for (const std::string& line : split(trim_end(outcome.stderr_tail), '\n')) {
    if (!line.empty()) log_warning("{}", line);
  }
  if (outcome.status == ProbeStatus::kOk) return;
  log_warning("asking AWS: {}: {}", status_text(outcome.status), outcome.detail);
}

int tell_rights(const AccountOptions& options, const AccountFacts& facts) {
  const std::string why_none = why_none_was_asked(facts);
  if (!why_none.empty()) {
    log_error("nothing was asked: {}", why_none);
    return kExitUsage;
  }
  const std::string text = options.format == OutputFormat::kJson
                               ? render_json(rights_value(facts)) + "\n"
                               : render_rights(facts, style_of(options.output));
  return put_out(text, options.output, exit_code_of(verdict_of_rights(facts)));
}

}  // namespace

int run_account(const Config& config, const AccountOptions& options) {
  AccountQuestion question = options.question;
  question.metadata_endpoint = config.metadata.endpoint;
  question.s3_endpoint = config.s3.endpoint;
  question.s3_addressing = config.s3.addressing;
  question.s3_region = config.s3.region;
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
  if (options.deliver && config.s3.uri.empty()) {
    log_error("there is no bucket to deliver to: uri of [s3] is not set");
    return kExitUsage;
  }
  Result<AccountAnswer> answer = ask_account(question);
  if (!answer) {
    log_error("{}", message_of(answer.error()));
    return kExitUsage;
  }
  warn_of(answer->outcome);
  if (question.only_rights) return tell_rights(options, answer->facts);
  FleetReport report = judge_fleet(std::move(answer->facts), answer->outcome, words_of(question),
                                   {options.wishes, *weights});
  report.started_at_ms = start.unix_ms;
  report.duration_ms = Moment::now().boot_ms - start.boot_ms;
  const int code = put_out(rendered(options, report), options.output, exit_code_of(report.verdict));
  if (!options.deliver) return code;
  const AccountFacts& facts = report.facts;
  const std::string key =
      account_key({facts.caller ? facts.caller->account : "", facts.region, report.fleet});
  const Result<Done> delivered =
      deliver_object(options.config_file, key, render_fleet_lines(report));
  if (delivered) return code;
  log_error("{}", message_of(delivered.error()));
  return kExitInternal;
}

}  // namespace efa
