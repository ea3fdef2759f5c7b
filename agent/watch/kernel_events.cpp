#include "agent/watch/kernel_events.h"

#include <fcntl.h>
#include <libudev.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/log/log.h"
#include "probes/log/parse.h"

namespace efa {
namespace {

constexpr const char* kNodes = "/dev/infiniband";

// Modules other than efa, and devices of PCI or net that are no business of ours, come and go.
bool concerns_us(udev_device* device) {
  const std::string subsystem = udev_device_get_subsystem(device);
  const char* name = udev_device_get_sysname(device);
  if (subsystem == "module") return name != nullptr && std::string(name).starts_with("efa");
  if (subsystem == "infiniband" || subsystem == "infiniband_verbs") return true;
  const char* id = udev_device_get_property_value(device, "PCI_ID");  // "1D0F:EFA1"
  if (subsystem == "pci") return id != nullptr && std::string(id).starts_with("1D0F:");
  const char* path = udev_device_get_devpath(device);
  return path == nullptr || std::string(path).find("/virtual/") == std::string::npos;
}

}  // namespace

KernelEvents::~KernelEvents() {
  sd_event_source_unref(nodes_);
  if (monitor_ != nullptr) udev_monitor_unref(monitor_);
  if (udev_ != nullptr) udev_unref(udev_);
}

void KernelEvents::listen(sd_event* loop) {
  loop_ = loop;
  listen_to_uevents(loop);
  listen_to_kernel_log(loop);
  watch_nodes(loop);
}

void KernelEvents::listen_to_uevents(sd_event* loop) {
  // udev's own events come after its rules have named nodes and set their modes
  const bool has_udev = access("/run/udev/control", F_OK) == 0;
  udev_ = udev_new();
  if (udev_ != nullptr)
    monitor_ = udev_monitor_new_from_netlink(udev_, has_udev ? "udev" : "kernel");
  bool listens = monitor_ != nullptr;
  for (const char* subsystem : {"pci", "infiniband", "infiniband_verbs", "net", "module"}) {
    listens = listens &&
              udev_monitor_filter_add_match_subsystem_devtype(monitor_, subsystem, nullptr) >= 0;
  }
  listens =
      listens && udev_monitor_enable_receiving(monitor_) >= 0 &&
      sd_event_add_io(loop, nullptr, udev_monitor_get_fd(monitor_), EPOLLIN, on_uevent, this) >= 0;
  if (!listens) log_warning("cannot listen to device events: {}", std::strerror(errno));
}

int KernelEvents::on_uevent(sd_event_source* /*source*/, int /*fd*/, uint32_t /*events*/,
                            void* self) {
  auto* events = static_cast<KernelEvents*>(self);
  udev_device* device = udev_monitor_receive_device(events->monitor_);
  if (device == nullptr) return 0;
  if (concerns_us(device)) {
    events->told_(Event::kDevices, std::string(udev_device_get_action(device)) + " " +
                                       udev_device_get_sysname(device));
  }
  udev_device_unref(device);
  events->watch_nodes(events->loop_);  // the directory may have come with the device
  return 0;
}

void KernelEvents::listen_to_kernel_log(sd_event* loop) {
  kernel_log_.reset(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const bool listens =
      kernel_log_ && lseek(kernel_log_.get(), 0, SEEK_END) >= 0 &&
      sd_event_add_io(loop, nullptr, kernel_log_.get(), EPOLLIN, on_kernel_message, this) >= 0;
  if (!listens) log_warning("cannot listen to kernel messages: {}", std::strerror(errno));
}

int KernelEvents::on_kernel_message(sd_event_source* /*source*/, int fd, uint32_t /*events*/,
                                    void* self) {
  constexpr int kWarning = 4;  // LOG_WARNING of syslog(3)
  char record[8192];
  while (true) {
    const ssize_t length = read(fd, record, sizeof record);
    if (length < 0 && (errno == EPIPE || errno == EINTR)) continue;  // some were overwritten
    if (length <= 0) return 0;
    const auto message = parse_kernel_message({record, static_cast<size_t>(length)});
    if (message && message->priority <= kWarning) {
      static_cast<KernelEvents*>(self)->told_(Event::kKernel, message->text);
    }
  }
}

void KernelEvents::watch_nodes(sd_event* loop) {
  if (nodes_ != nullptr || access(kNodes, F_OK) != 0) return;
  sd_event_add_inotify(loop, &nodes_, kNodes,
                       IN_CREATE | IN_DELETE | IN_MOVE | IN_ATTRIB | IN_DELETE_SELF | IN_ONLYDIR,
                       on_node, this);
}

int KernelEvents::on_node(sd_event_source* /*source*/, const inotify_event* event, void* self) {
  auto* events = static_cast<KernelEvents*>(self);
  if ((event->mask & (IN_DELETE_SELF | IN_IGNORED)) != 0) {
    events->nodes_ = sd_event_source_disable_unref(events->nodes_);
  }
  events->told_(Event::kDevices,
                std::string(kNodes) + (event->len > 0 ? std::string("/") + event->name : ""));
  return 0;
}

}  // namespace efa
