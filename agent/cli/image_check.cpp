#include "agent/cli/image_check.h"

#include "agent/config/paths.h"
#include "agent/diagnose/image.h"
#include "agent/log/log.h"
#include "agent/pass/node_facts.h"
#include "agent/report/output.h"
#include "agent/report/report.h"
#include "agent/run/pass.h"
#include "probes/base/exit_codes.h"
#include "probes/base/moment.h"
#include "probes/protocol/sysroot.h"

namespace efa {
namespace {

constexpr size_t kMaxKernels = 32;

// Each that its package installed: what DKMS or a removed kernel left has no modules.builtin.
std::vector<std::string> installed_kernels(const std::string& root) {
  const Result<Sysroot> sysroot = Sysroot::open(root);
  std::vector<std::string> kernels;
  if (!sysroot) return kernels;
  for (const std::string& name : sysroot->list("/lib/modules").value_or({})) {
    const bool is_one = sysroot->exists("/lib/modules/" + name + "/modules.builtin");
    if (is_one && kernels.size() < kMaxKernels) kernels.push_back(name);
  }
  return kernels;
}

void keep_facts(const std::vector<ProbeRun>& runs, const std::string& suffix, Report& report) {
  for (const ProbeRun& run : runs) {
    const Object* facts = run.transcript.facts().as<Object>();
    if (facts != nullptr) report.facts.emplace_back(run.outcome.name + suffix, *facts);
  }
}

// In a container beside the system: only its files are looked at, and no library is loaded.
std::string root_of_image(const OnceOptions& options) {
  const std::string& host_root = options.config.pass.host_root;
  return options.sysroot == "/" && !host_root.empty() ? host_root : options.sysroot;
}

Report look_at_image(const OnceOptions& options, const Weights& weights) {
  const std::string root = root_of_image(options);
  PassPlan plan{.sysroot = root,
                .libexec = find_libexec(),
                .pass = options.config.pass,
                .metadata = options.config.metadata,
                .only = {"verbs", "fabric", "limits", "software"}};
  Report report;
  const Moment begin = Moment::now();
  const std::vector<ProbeRun> runs = run_pass(plan, {});
  report.node = node_of(runs, plan.live());
  keep_facts(runs, "", report);
  std::vector<Seen<KernelFacts>> kernels;
  plan.only = {"kernel"};
  for (const std::string& kernel : installed_kernels(root)) {
    plan.installed_kernel = kernel;
    const std::vector<ProbeRun> run = run_pass(plan, {});
    kernels.push_back(node_of(run, plan.live()).kernel);
    kernels.back().facts.release = kernel;  // also of one that could not be looked at
    keep_facts(run, ":" + kernel, report);
  }
  report.diagnosis = diagnose_image(report.node, kernels, weights);
  const Moment end = Moment::now();
  report.run.started_at_ms = begin.unix_ms;
  report.run.duration_ms = end.boot_ms - begin.boot_ms;
  report.run.valid_for_ms = options.config.files.valid_for_s * 1000;
  return report;
}

}  // namespace

int run_image_check(const OnceOptions& options) {
  const Result<Weights> weights = parse_weights(options.config.pass.checks);
  if (!weights) {
    log_error("{}", message_of(weights.error()));
    return kExitUsage;
  }
  const Report report = look_at_image(options, *weights);
  const std::string text = options.format == OutputFormat::kJson
                               ? render_json(report_value(report), 1) + "\n"
                               : render_text(report, style_of(options.output));
  return put_out(text, options.output, exit_code_of(report.diagnosis.verdict));
}

}  // namespace efa
