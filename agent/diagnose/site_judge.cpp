// Takes over what a site's own probes found. A line of theirs:
//
//   {"finding":{"code":"site.gpu-count","result":"fail","severity":"critical","subject":"node",
//               "message":"7 of 8 GPUs","remedy":"Replace the node.","command":"nvidia-smi -L"}}

#include <fmt/core.h>

#include "agent/diagnose/diagnosis.h"
#include "probes/base/bounds.h"
#include "probes/base/describe.h"
#include "probes/base/text.h"
#include "probes/judging/site_checks.h"
#include "probes/judging/site_probe.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

constexpr size_t kMaxOfProbe = 200;

struct SiteFinding {
  std::string code;
  std::optional<FindingResult> result;
  Severity severity = Severity::kWarning;
  std::string subject = kNodeSubject;
  std::string message;
  std::string title;
  std::string remedy;
  std::string command;
};

template <class Io>
void describe(Io& io, SiteFinding& finding) {
  io("code", finding.code);
  io("result", finding.result);
  io("severity", finding.severity);
  io("subject", finding.subject);
  io("message", finding.message);
  io("title", finding.title);
  io("remedy", finding.remedy);
  io("command", finding.command);
}

std::optional<Finding> parse_finding(const Value& value) {
  const Result<SiteFinding> site = from_value<SiteFinding>(value, "finding");
  if (!site || !site->result || !is_site_code(site->code) || site->subject.empty()) {
    return std::nullopt;
  }
  // half a command is another command
  const bool whole = site->command.size() <= kMaxWords;
  Finding finding;
  finding.check = own_check(site->code, site->severity, cut(site->title, kMaxWords),
                            cut(site->remedy, kMaxWords) +
                                (whole ? "" : " [its command is longer than 1 KiB and left out]"));
  finding.result = *site->result;
  finding.subject = site->subject;
  finding.message = site->message;
  if (whole) finding.command.text = site->command;
  return finding;
}

// {"left_behind":["sleep","sh"]}: commands of processes that outlived the probe, as runner.cpp says
void judge_left_behind(const std::string& probe, const Array& left, Findings& findings) {
  constexpr size_t kMaxNamed = 8;
  std::vector<std::string> commands;
  for (const Value& command : left) {
    const auto* text = command.as<std::string>();
    if (text != nullptr && commands.size() < kMaxNamed) commands.push_back(*text);
  }
  findings.fail(
      kProbeLeftProcesses, probe,
      fmt::format("left {} processes that were killed: {}", left.size(), join(commands, ", ")),
      {join(commands, ", "), "none", "/proc"});
}

}  // namespace

void judge_sites(const Node& node, Findings& findings) {
  for (const SiteProbe& probe : node.site) {
    for (size_t i = 0; i < probe.findings.size(); ++i) {
      const Value* left = probe.findings[i].find("left_behind");
      if (left != nullptr && left->as<Array>() != nullptr) {
        judge_left_behind(probe.outcome.name, *left->as<Array>(), findings);
        continue;
      }
      if (i >= kMaxOfProbe) continue;
      std::optional<Finding> finding = parse_finding(probe.findings[i]);
      if (finding) {
        finding->evidence.source = probe.outcome.name;
        findings.add(std::move(*finding));
      } else {
        findings.fail(kProbeMalformedFinding, probe.outcome.name,
                      fmt::format("its finding {} is malformed", i + 1),
                      {cut(render_json(probe.findings[i]), 200), "a finding", ""});
      }
    }
    if (probe.findings.size() > kMaxOfProbe) {
      findings.fail(kProbeMalformedFinding, probe.outcome.name,
                    fmt::format("it has {} findings: all after the first {} are left out",
                                probe.findings.size(), kMaxOfProbe));
    }
  }
}

}  // namespace efa
