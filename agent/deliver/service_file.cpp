#include "agent/deliver/service_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>

#include "agent/log/log.h"
#include "agent/report/report.h"
#include "probes/base/describe.h"
#include "probes/base/files.h"
#include "probes/base/moment.h"
#include "probes/base/process.h"

namespace efa {

template <class Io>
void describe(Io& io, ServiceFile& service) {
  io("state", service.state);
  io("since", service.since);
  io("boot_id", service.boot_id);
  io("pid", service.pid);
  io("start_time", service.start_time);
  io("pid_namespace", service.pid_namespace);
}

namespace {

// 0 where /proc is another namespace's or none: then no pid means anything.
uint64_t own_pid_namespace() {
  struct stat status {};
  return stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

}  // namespace

int64_t unix_now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<Done> write_in_place_of_old(const std::string& path, const std::string& text) {
  Result<Done> written = write_file(path, text, 0644);
  if (written || unlink(path.c_str()) != 0) return written;
  return write_file(path, text, 0644);
}

std::string service_path(const FilesConfig& files) {
  return files.run_directory + "/service.json";
}

std::optional<ServiceFile> read_service_file(const FilesConfig& files) {
  constexpr size_t kMaxService = size_t{4} * 1024;
  const std::string path = service_path(files);
  const Result<std::string> text = read_file(path, kMaxService);
  const Result<Value> value = text ? parse_json(*text, path) : Result<Value>(text.error());
  if (!value) return std::nullopt;
  const Result<ServiceFile> service = from_value<ServiceFile>(*value, path);
  const bool known = service && service->pid > 0 && service->boot_id == boot_id_of_machine();
  return known ? std::optional(*service) : std::nullopt;
}

bool write_service_file(const FilesConfig& files, const std::string& state) {
  ServiceFile service;
  service.state = state;
  service.since = time_text(unix_now_ms());
  service.boot_id = boot_id_of_machine();
  service.pid = getpid();
  service.start_time = start_time_of(getpid()).value_or(0);
  service.pid_namespace = own_pid_namespace();
  const Result<Done> written =
      write_in_place_of_old(service_path(files), render_json(to_value(service), 1) + "\n");
  if (!written) log_warning("not written: {}", message_of(written.error()));
  return written.ok();
}

bool has_gone(const ServiceFile& service) {
  const uint64_t here = own_pid_namespace();
  if (here == 0 || here != service.pid_namespace) return false;
  // kill(2) sees processes that a /proc mounted with hidepid= does not show
  if (kill(service.pid, 0) != 0) return errno == ESRCH;
  const auto sight = look_at(service.pid);
  if (!sight) return false;
  // a container's first process may never reap it
  return sight->state == 'Z' || sight->start_time != service.start_time;
}

}  // namespace efa
