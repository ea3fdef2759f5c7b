// What the kernel tells without being asked: uevents of devices and of module efa (libudev),
// changes of /dev/infiniband (inotify(7)), words of the efa driver (/dev/kmsg).
#pragma once

#include <systemd/sd-event.h>

#include <functional>
#include <string>

#include "agent/watch/schedule.h"
#include "probes/base/fd.h"

struct udev;
struct udev_monitor;

namespace efa {

class KernelEvents {
 public:
  using Told = std::function<void(Event, const std::string& what)>;

  explicit KernelEvents(Told told) : told_(std::move(told)) {}
  KernelEvents(const KernelEvents&) = delete;
  KernelEvents& operator=(const KernelEvents&) = delete;
  ~KernelEvents();

  // What cannot be listened to is logged once; the interval still sees it.
  void listen(sd_event* loop);

 private:
  static int on_uevent(sd_event_source* source, int fd, uint32_t events, void* self);
  static int on_kernel_message(sd_event_source* source, int fd, uint32_t events, void* self);
  static int on_node(sd_event_source* source, const struct inotify_event* event, void* self);
  void listen_to_uevents(sd_event* loop);
  void listen_to_kernel_log(sd_event* loop);
  void watch_nodes(sd_event* loop);

  Told told_;
  sd_event* loop_ = nullptr;
  udev* udev_ = nullptr;
  udev_monitor* monitor_ = nullptr;
  sd_event_source* nodes_ = nullptr;
  Fd kernel_log_;
};

}  // namespace efa
