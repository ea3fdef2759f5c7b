#include "agent/pair/client.h"

#include <fmt/core.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>

#include "agent/log/log.h"
#include "agent/pair/connect.h"
#include "agent/pair/ends.h"
#include "agent/pair/figures.h"
#include "agent/pair/hello.h"
#include "agent/pair/judge.h"
#include "agent/pair/match.h"
#include "agent/pair/pingpong.h"
#include "agent/pair/proof.h"
#include "agent/pair/rail.h"
#include "agent/pair/report.h"
#include "agent/report/output.h"
#include "probes/base/exit_codes.h"
#include "probes/base/files.h"
#include "probes/base/moment.h"

namespace efa {
namespace {

constexpr size_t kMostToken = 4096;

// A line of standard input, which a terminal does not show.
Result<std::string> ask_for_token() {
  termios shown{};
  const bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
  if (terminal) {
    termios hidden = shown;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    (void)write_all(STDERR_FILENO, "token of the server: ", "standard error");
    tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
  }
  std::string line;
  char letter = 0;
  while (line.size() < kMostToken && read(STDIN_FILENO, &letter, 1) == 1 && letter != '\n') {
    line += letter;
  }
  if (terminal) tcsetattr(STDIN_FILENO, TCSANOW, &shown);
  if (terminal) (void)write_all(STDERR_FILENO, "\n", "standard error");
  return parse_token(line, "token on standard input");
}

Result<std::string> take_token(const PairOptions& options) {
  return options.token_file.empty() ? ask_for_token() : read_token(options.token_file);
}

class Client {
 public:
  Client(const PairGround& ground, const PairPlan& plan, PairReport& report)
      : ground_(ground), plan_(plan), report_(report) {}

  void run(const PairTarget& target) {
    Result<Fd> socket = connect_to(target.host, target.port);
    if (!socket) return keep(judge_connection(socket.error(), report_.server));
    Wire wire(std::move(*socket));
    const Result<PairHello> other = greet_server(wire, target.token, report_.own);
    if (!other) return keep(judge_connection(other.error(), report_.server));
    report_.other = *other;
    std::vector<Finding> places = judge_places(report_.own, *other);
    const bool stop = stops(places);
    for (Finding& finding : places) keep(std::move(finding));
    if (!stop) test_devices(wire, target.host);
    conclude(report_);
    (void)wire.say(PairOrder{.step = word_of(PairStep::kBye), .words = report_.summary});
    wire.end();  // then the server is free for the next
  }

 private:
  void keep(Finding finding) { report_.findings.push_back(std::move(finding)); }

  void test_devices(Wire& wire, const std::string& host) {
    OwnEnd own(ground_, report_.own, wire, host);
    OtherEnd other(wire);
    const auto all = rails_of(report_.own.devices, report_.other->devices);
    if (plan_.verbs) {
      if (!test_rails(own, other, all, {})) return;
      judge_slow(own, other);
    }
    if (!plan_.libfabric || all.empty()) return;
    if (!plan_.verbs && !keep_broken(own, other, all)) return;
    // what does not work without it says nothing of libfabric
    Devices working;
    std::copy_if(all.begin(), all.end(), std::back_inserter(working), [&](const auto& devices) {
      return std::none_of(report_.rails.begin(), report_.rails.end(), [&](const PairRail& rail) {
        return rail.own.rail == devices.first.rail && (rail.broken || rail.differs);
      });
    });
    PairMatch match = match_copies(report_.own.copies, report_.other->copies);
    for (Finding& finding : match.untested) keep(std::move(finding));
    for (const PairCopies& copies : match.copies) {
      const size_t first = report_.rails.size();
      if (!test_rails(own, other, working, copies)) return;
      if (plan_.compare) compare_one(own, other, first);
    }
  }

  // One pair of devices is enough, since fi_pingpong itself is looked at.
  void compare_one(PairEnd& own, PairEnd& other, size_t first) {
    const auto works =
        std::find_if(report_.rails.begin() + static_cast<ptrdiff_t>(first), report_.rails.end(),
                     [](const PairRail& rail) { return !rail.broken && !rail.differs; });
    if (works != report_.rails.end()) compare(own, other, *works);
  }

  using Devices = std::vector<std::pair<PairDevice, PairDevice>>;

  // Those that do not move two messages without libfabric; nothing is told of the others. False:
  // the other end is gone.
  bool keep_broken(PairEnd& own, PairEnd& other, const Devices& all) {
    for (const auto& devices : all) {
      PairRail rail = test_rail(own, other, devices, PairPlan());
      if (!rail.broken && !rail.differs) continue;
      keep(judge_rail(rail, {report_.own, *report_.other}));
      const bool gone = rail.broken && rail.broken->answer.gone;
      report_.rails.push_back(std::move(rail));
      if (gone) return false;
    }
    return true;
  }

  // False when no more can or need be tested.
  bool test_rails(PairEnd& own, PairEnd& other, const Devices& all, const PairCopies& copies) {
    const PairNodes nodes{report_.own, *report_.other};
    size_t failures = 0;
    for (const auto& devices : all) {
      const PairRail& rail =
          report_.rails.emplace_back(test_rail(own, other, devices, plan_, copies));
      keep(judge_rail(rail, nodes));
      if (rail.broken && rail.broken->answer.gone) return false;
      if (rail.broken || rail.differs) ++failures;
      if (failures >= plan_.failures) return false;
    }
    return true;
  }

  // What was slow once is measured again, in turns with the one whose rate is the median: of the
  // one the best counts, of the other the worst, since the machine itself is not always equally
  // fast.
  void judge_slow(PairEnd& own, PairEnd& other) {
    constexpr int kRounds = 2;
    std::vector<std::optional<double>> rates;
    for (const PairRail& rail : report_.rails) {
      rates.push_back(rail.broken ? std::nullopt : best_rate(rail));
    }
    const std::vector<bool> slow = slow_ones(rates);
    if (std::find(slow.begin(), slow.end(), true) == slow.end()) return;
    const size_t usual = usual_one(rates, slow);
    std::vector<std::optional<double>> again(rates.size());
    for (int round = 0; round < kRounds; ++round) {
      for (size_t i = 0; i < rates.size(); ++i) {
        if (!slow[i] && i != usual) continue;
        const PairRail& rail = report_.rails[i];
        const auto rate = best_rate(test_rail(own, other, {rail.own, rail.other}, plan_));
        if (!rate) return;
        again[i] = slow[i] ? std::max(again[i].value_or(0), *rate)
                           : std::min(again[i].value_or(*rates[i]), *rate);
      }
    }
    for (Finding& finding : judge_rates(report_.rails, again)) keep(std::move(finding));
  }

  const PairGround& ground_;
  const PairPlan& plan_;
  PairReport& report_;
};

std::string rendered(const PairOptions& options, const PairReport& report) {
  if (options.format == OutputFormat::kJson) return render_json(pair_value(report), 1) + "\n";
  const bool terminal = options.output.empty() && isatty(STDOUT_FILENO) != 0;
  return render_pair_text(report, style_of(options.output), terminal);
}

int usage(const Error& error) {
  log_error("{}", message_of(error));
  return kExitUsage;
}

}  // namespace

PairReport test_pair(const PairGround& ground, const PairTarget& target, const PairPlan& plan,
                     PairHello own) {
  const Moment start = Moment::now();
  PairReport report;
  report.server = fmt::format("{} port {}", target.host, target.port);
  report.own = std::move(own);
  report.started_at_ms = start.unix_ms;
  Client(ground, plan, report).run(target);
  conclude(report);
  report.duration_ms = Moment::now().boot_ms - start.boot_ms;
  return report;
}

int run_pair_client(const PairGround& ground, const PairOptions& options) {
  constexpr int64_t kMsOfSecond = 1000;
  const Result<std::vector<uint64_t>> sizes = parse_pair_sizes(options.sizes);
  if (!sizes) return usage(sizes.error());
  const Result<std::string> token = take_token(options);
  if (!token) return usage(token.error());
  Result<PairHello> own = read_hello(ground, options);
  if (!own) return usage(own.error());
  const PairPlan plan{.sizes = *sizes,
                      .ms = options.seconds * kMsOfSecond,
                      .verbs = options.engine != kLibfabricEngine,
                      .libfabric = options.engine != kVerbsEngine,
                      .compare = options.compare};
  const PairReport report =
      test_pair(ground, {options.host, options.port, *token}, plan, std::move(*own));
  return put_out(rendered(options, report), options.output, exit_code_of(report.verdict));
}

}  // namespace efa
