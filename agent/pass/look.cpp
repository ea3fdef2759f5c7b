#include "agent/pass/look.h"

#include <net/if.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include "agent/config/paths.h"
#include "agent/log/log.h"
#include "agent/run/pass.h"
#include "probes/judging/site_probe.h"
#include "probes/judging/words.h"

namespace efa {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

int64_t cpu_ms_of(const rusage& usage) {
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

// The kernel gives no number twice: what went and came again has another.
std::vector<int> interfaces_now() {
  std::vector<int> numbers;
  const std::unique_ptr<struct if_nameindex, void (*)(struct if_nameindex*)> all(if_nameindex(),
                                                                                 if_freenameindex);
  if (!all) return numbers;
  for (const struct if_nameindex* one = all.get(); one->if_index != 0; ++one) {
    numbers.push_back(static_cast<int>(one->if_index));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

// Only where nothing has come or gone since: an interface may be on another card by now.
std::string known_metadata(const State& before, Trigger trigger,
                           const std::vector<int>& interfaces) {
  const bool same = !interfaces.empty() && before.interfaces == interfaces;
  const bool lasts =
      trigger != Trigger::kEvent && same && before.metadata.metadata_status == MetadataStatus::kOk;
  return lasts ? render_json(to_value(before.metadata)) : "";
}

// By name and inode: one that was registered anew under its name has another.
using RdmaDevices = std::set<std::pair<std::string, ino_t>>;

RdmaDevices rdma_devices(const std::string& sysroot) {
  RdmaDevices devices;
  std::error_code error;
  std::filesystem::directory_iterator entry(sysroot + "/sys/class/infiniband", error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    struct stat status {};
    if (lstat(entry->path().c_str(), &status) != 0) continue;
    devices.emplace(entry->path().filename(), status.st_ino);
  }
  return devices;
}

bool left_processes(const std::vector<ProbeRun>& runs) {
  return std::any_of(runs.begin(), runs.end(),
                     [](const ProbeRun& run) { return !run.transcript.left().empty(); });
}

// Whether all that was looked at can be looked at again, and any device have its time for that.
bool has_time_again(const PassConfig& pass, int64_t took_ms) {
  constexpr int64_t kToReportMs = 1'000;
  return pass.deadline_ms - kToReportMs >= std::max(2 * took_ms, pass.device_deadline_ms);
}

// A device that comes, goes or gets its name from udev meanwhile is another one to each probe: then
// all look again, where there is time for that; not those of the site, which may do it only once.
std::vector<ProbeRun> run_undisturbed(PassPlan plan, const Progress& progress) {
  constexpr int kMostLooks = 3;
  const std::set<std::string> asked = plan.asked;
  std::vector<ProbeRun> of_site;
  for (int look = 1;; ++look) {
    const auto begin = std::chrono::steady_clock::now();
    const RdmaDevices before = rdma_devices(plan.sysroot);
    plan.asked = asked;
    if (before.empty()) plan.asked.erase("data");  // nothing can be sent
    std::vector<ProbeRun> runs = run_pass(plan, progress);
    const auto took = duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
    plan.pass.deadline_ms -= took.count();
    if (before == rdma_devices(plan.sysroot) || look == kMostLooks || left_processes(runs) ||
        !has_time_again(plan.pass, took.count())) {
      std::move(of_site.begin(), of_site.end(), std::back_inserter(runs));
      return runs;
    }
    log_debug("RDMA devices came, went or were renamed meanwhile: all probes look again");
    plan.site_probes = false;
    std::copy_if(std::make_move_iterator(runs.begin()), std::make_move_iterator(runs.end()),
                 std::back_inserter(of_site),
                 [](const ProbeRun& run) { return is_site_probe(run.outcome.name); });
  }
}

}  // namespace

Looked look_at_machine(const PassRequest& request, const Progress& progress) {
  Looked looked;
  Recording& recording = looked.recording;
  recording.live = request.sysroot == "/";
  recording.expect = request.expect;
  recording.trigger = request.trigger;
  recording.valid_for_ms = request.config.files.valid_for_s * 1000;
  recording.boot_grace_s = request.config.pass.boot_grace_s;
  recording.limits = request.config.counters;
  recording.checks = request.config.pass.checks;
  recording.set_aside = request.config.pass.set_aside;
  PassPlan plan{.sysroot = request.sysroot,
                .libexec = find_libexec(),
                .pass = request.config.pass,
                .metadata = request.config.metadata,
                .record = request.record,
                .asked = request.asked,
                .only = request.only,
                .run_directory = request.config.files.run_directory};
  if (recording.live) {
    if (request.keep_state) make_state_directory(request.config.files);
    recording.before = begin_pass(state_path(request.config.files), request.keep_state);
    recording.sequence = recording.before.sequence;
    forget_unless_judged_by(recording.before, criteria_of(recording));
    recording.before.judged_by.reset();  // the recording itself has them
    plan.left = recording.before.left;
    const std::vector<int> interfaces = interfaces_now();
    plan.known_metadata = known_metadata(recording.before, request.trigger, interfaces);
    recording.before.metadata = {};  // no judge's, and no part of a recording
    recording.before.interfaces = interfaces;
  }
  const Moment begin = Moment::now();
  looked.runs = run_undisturbed(plan, progress);
  rusage probes{};
  rusage agent{};
  getrusage(RUSAGE_CHILDREN, &probes);
  getrusage(RUSAGE_SELF, &agent);
  recording.max_rss_kib = std::max(probes.ru_maxrss, agent.ru_maxrss);  // of the largest process
  recording.cpu_ms = cpu_ms_of(probes) + cpu_ms_of(agent);
  const Moment end = Moment::now();
  recording.started_at_ms = shown_at(end, begin.unix_ms, begin.boot_ms);
  recording.boottime_ms = begin.boot_ms;
  recording.duration_ms = end.boot_ms - begin.boot_ms;
  return looked;
}

std::vector<RecordedProbe> recorded_probes(const std::vector<ProbeRun>& runs) {
  std::vector<RecordedProbe> probes;
  for (const ProbeRun& run : runs) probes.push_back(recorded(run));
  return probes;
}

std::vector<ProbeRun> replayed_runs(const Config& config, const Recording& recording) {
  const PassPlan plan{.libexec = find_libexec(), .pass = config.pass, .metadata = config.metadata};
  const auto end = std::chrono::steady_clock::now() + milliseconds(config.pass.deadline_ms);
  const Allowances allowances;
  std::vector<ProbeRun> runs;
  for (const RecordedProbe& probe : recording.probes) {
    const auto left = duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
    const ProbeRow* row = probe_of(probe.name);
    const bool again = row != nullptr && row->from_files &&
                       status_from(probe.status) == ProbeStatus::kOk && !probe.looks.empty();
    ProbeRun run =
        again ? run_from_looks(plan, *row, probe.looks, left) : run_of(probe, allowances);
    if (run.outcome.status == ProbeStatus::kOk) run.outcome.duration_ms = probe.duration_ms;
    runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace efa
