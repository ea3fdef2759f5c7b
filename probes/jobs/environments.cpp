#include "probes/jobs/environments.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "probes/jobs/settings.h"
#include "probes/jobs/surroundings.h"

namespace efa {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxEnvironment = size_t{2} * 1024 * 1024;  // execve(2) takes 6 MiB at most
constexpr size_t kMaxKept = size_t{16} * 1024;               // of one process
constexpr size_t kMaxKeptOfAll = size_t{256} * 1024;
constexpr std::chrono::milliseconds kPatience{500};  // with one process; a read takes microseconds

struct Environment {
  std::vector<std::string> settings;
  size_t bytes = 0;
  std::string cut;  // why it is not whole; "" when it is
  Surroundings around;
  std::optional<bool> finds_nccl_plugin;
};

// Its LD_LIBRARY_PATH whole, which is told nowhere, is needed to look where it leads.
Environment read_environment(const Sysroot& root, int pid, std::string& library_path) {
  constexpr std::string_view kLibraryPath = "LD_LIBRARY_PATH=";
  Environment environment;
  std::set<std::string, std::less<>> names;  // of two of one name getenv(3) sees the first
  const auto take = [&](const std::string& variable) {
    const auto setting = kept_setting(variable);
    if (!setting || !names.emplace(name_of_setting(*setting)).second) return false;
    if (environment.bytes + setting->size() > kMaxKept) {
      environment.cut = "environment: more than 16 KiB of settings";
      return false;
    }
    environment.bytes += setting->size();
    environment.settings.push_back(*setting);
    if (variable.starts_with(kLibraryPath)) library_path = variable.substr(kLibraryPath.size());
    return false;  // what the line holds beside the setting is kept nowhere
  };
  const auto read =
      root.read_lines("/proc/" + std::to_string(pid) + "/environ", take, kMaxEnvironment, '\0');
  const bool gone = !read && read.error().kind == ErrorKind::kNotFound;
  if (!read && !gone) {
    environment.cut = read.error().kind == ErrorKind::kTooLarge
                          ? "environment: more than 2 MiB"
                          : "environment: " + read.error().what;
  }
  return environment;
}

struct ToRead {
  int pid;
  bool holds_efa;
  bool computes;  // on an accelerator
};

Environment read_process(const Sysroot& root, const ToRead& asked) {
  std::string library_path;
  Environment environment = read_environment(root, asked.pid, library_path);
  if (!asked.holds_efa && !any_is_for_efa(environment.settings)) return environment;
  environment.around = read_surroundings(root, asked.pid);
  const Surroundings& around = environment.around;
  const bool uses_nccl = around.nccl.nccl || any_is_of_nccl(environment.settings);
  const bool known = around.libraries && around.own_root == false && environment.cut.empty();
  if (asked.computes && uses_nccl && known) {
    environment.finds_nccl_plugin = finds_nccl_plugin(root, asked.pid, around.nccl, library_path);
  }
  return environment;
}

// What the threads that read and the one that waits for them share.
struct Work {
  std::mutex guard;
  std::condition_variable moved;
  std::vector<ToRead> asked;
  std::vector<Environment> read;  // of the first so many of them
  int reader = 0;                 // who reads now; an earlier one came too late
};

void read_on(const Sysroot& root, const std::shared_ptr<Work>& work, int self) {
  std::unique_lock lock(work->guard);
  while (work->reader == self && work->read.size() < work->asked.size()) {
    const ToRead asked = work->asked[work->read.size()];
    lock.unlock();
    Environment environment = read_process(root, asked);
    lock.lock();
    if (work->reader != self) return;
    work->read.push_back(std::move(environment));
    work->moved.notify_one();
  }
}

// The next one to be read is told to be too slow, and left to its reader.
void pass_over(Work& work, const char* why) {
  ++work.reader;
  Environment slow;
  slow.cut = why;
  work.read.push_back(std::move(slow));
}

void give(std::vector<Environment>& read, std::vector<Job>& jobs) {
  size_t bytes = 0;
  for (size_t i = 0; i < jobs.size(); ++i) {
    Environment& environment = read[i];
    const bool fits = bytes + environment.bytes <= kMaxKeptOfAll;
    if (fits) {
      bytes += environment.bytes;
      jobs[i].environment = std::move(environment.settings);
      jobs[i].finds_nccl_plugin = environment.finds_nccl_plugin;
    } else {
      environment.cut = "environment: more than 256 KiB of settings of all processes";
    }
    jobs[i].own_root = environment.around.own_root;
    jobs[i].libraries = std::move(environment.around.libraries);
    jobs[i].shared_memory = std::move(environment.around.shared_memory);
    if (!environment.cut.empty()) jobs[i].cut.push_back(std::move(environment.cut));
  }
}

}  // namespace

bool read_environments(const Sysroot& root, std::vector<Job>& jobs, Clock::time_point stop) {
  const auto work = std::make_shared<Work>();
  for (const Job& job : jobs) {
    work->asked.push_back({job.pid, !job.devices.empty(), job.accelerators.value_or(0) > 0});
  }
  std::unique_lock lock(work->guard);
  bool all_ended = true;
  while (work->read.size() < work->asked.size()) {
    if (Clock::now() >= stop) {
      pass_over(*work, "environment: there was no time left");
      continue;
    }
    const int reader = ++work->reader;
    std::thread(read_on, std::cref(root), work, reader).detach();
    size_t before = work->read.size();
    while (work->read.size() < work->asked.size()) {
      const auto limit = std::min(stop, Clock::now() + kPatience);
      work->moved.wait_until(lock, limit, [&] { return work->read.size() > before; });
      if (work->read.size() == before) break;
      before = work->read.size();
    }
    if (work->read.size() == work->asked.size()) break;
    all_ended = false;
    pass_over(*work, "environment: the process did not show it within 500 ms");
  }
  give(work->read, jobs);
  return all_ended;
}

}  // namespace efa
