// What probe-kernel saw: the running kernel, its efa driver and the modules that keep it company.
// Interface: /sys/module (Documentation/ABI/stable/sysfs-module), modules.dep(5), modprobe.d(5).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/base/reading.h"
#include "probes/judging/check.h"

namespace efa {

// What modinfo(8) tells of a module's file.
struct ModuleFile {
  std::optional<std::string> version;
  std::optional<std::string> srcversion;  // of its sources
  std::optional<std::string> vermagic;    // "6.12.53 SMP preempt mod_unload modversions"
  bool has_signature = false;             // whose key the kernel may not know
  bool is_supported = false;              // SUSE: "yes" or "external"
};

template <class Io>
void describe(Io& io, ModuleFile& file) {
  io("version", file.version);
  io("srcversion", file.srcversion);
  io("vermagic", file.vermagic);
  io("has_signature", file.has_signature);
  io("is_supported", file.is_supported);
}

// The kernel that the boot loader is going to start, where that can be told.
struct NextKernel {
  std::string release;
  std::string told_by;                        // "/boot/grub/grub.cfg"
  std::optional<bool> has_driver;             // absent: its modules could not be looked through
  std::vector<std::string> known_device_ids;  // that its modules.alias gives to efa
};

template <class Io>
void describe(Io& io, NextKernel& next) {
  io("release", next.release);
  io("told_by", next.told_by);
  io("has_driver", next.has_driver);
  io("known_device_ids", next.known_device_ids);
}

struct KernelFacts {
  std::optional<std::string> release;
  std::optional<std::string> hostname;
  std::optional<std::string> boot_id;
  std::optional<int64_t> uptime_s;
  std::optional<std::string> os;     // PRETTY_NAME of os-release(5)
  std::optional<std::string> taint;  // the number of /proc/sys/kernel/tainted
  std::optional<bool> efa_loaded;    // absent: /sys/module could not be read
  std::optional<bool> efa_builtin;
  Reading<std::string> efa_version;  // "3.1.0g"; the kernel's own driver may have none
  std::optional<std::string> efa_srcversion;
  std::optional<std::string> efa_state;  // "live"; "coming" while it starts, "going" while it ends
  std::optional<int> efa_refcount;
  std::vector<std::string> efa_holders;       // modules that use it: "kefalnd" of Lustre
  std::optional<bool> efa_driver_registered;  // /sys/bus/pci/drivers/efa
  std::optional<std::string> module_file;     // of the running kernel; absent: none is listed
  std::optional<bool> module_index_readable;  // modules.dep was there to be searched
  std::vector<std::string> known_device_ids;  // "0xefa1": those that modules.alias gives to efa
  // Only where the kernel has not bound all EFA functions:
  Reading<ModuleFile> module_on_disk;        // of module_file
  std::optional<std::string> unlisted_file;  // "extra/efa.ko": a module that no index names
  bool module_index_missing = false;         // its modules are there, and modules.dep is not
  bool modules_removed = false;  // /lib/modules has those of another kernel, and none of this one
  Reading<bool> ib_uverbs_installed;     // by modules.dep and modules.builtin
  std::optional<bool> nvidia_installed;  // the same; only of an image
  std::optional<bool> ib_uverbs_loaded;
  std::optional<bool> ib_core_loaded;
  std::vector<std::string> dkms;         // "efa/3.1.0 for 6.1.0-40-amd64"
  std::vector<std::string> dkms_failed;  // the same; its last build ended badly
  Reading<std::string> ofed;             // a path that only MLNX_OFED makes
  Reading<bool> rdma_netns_shared;
  std::optional<std::string> lockdown;  // "none", "integrity", "confidentiality"
  Reading<bool> signatures_enforced;    // module.sig_enforce
  Reading<bool> kexec_loaded;
  Reading<bool> modules_disabled;  // no module can be loaded until the next boot
  // Only of an image: "/etc/sysctl.d/x.conf: kernel.modules_disabled = 1"
  Reading<std::string> modules_disabled_by;
  Reading<std::string> blacklisted_by;        // "/etc/modprobe.d/x.conf: blacklist efa"
  std::vector<std::string> also_kept_out_by;  // the same, where several keep it out
  // SUSE: "/etc/modprobe.d/x.conf: allow_unsupported_modules 0", in the order of kmod's reading
  std::vector<std::string> support_lines;
  std::optional<Unseen> modprobe_unseen;  // the first of modprobe.d, which may hold such lines
  // "/etc/modprobe.d/x.conf: options vfio-pci ids=1d0f:efa0"; looked for where vfio-pci is loaded
  std::vector<std::string> vfio_lines;
  std::optional<NextKernel> next_kernel;
  // "/efi/EFI/Linux": what may boot a kernel past GRUB, so that GRUB's files tell of none
  std::optional<std::string> boots_past_grub;
  std::vector<Unseen> unseen;
};

template <class Io>
void describe(Io& io, KernelFacts& facts) {
  io("release", facts.release);
  io("hostname", facts.hostname);
  io("boot_id", facts.boot_id);
  io("uptime_s", facts.uptime_s);
  io("os", facts.os);
  io("taint", facts.taint);
  io("efa_loaded", facts.efa_loaded);
  io("efa_builtin", facts.efa_builtin);
  describe_reading(io, "efa_version", facts.efa_version);
  io("efa_srcversion", facts.efa_srcversion);
  io("efa_state", facts.efa_state);
  io("efa_refcount", facts.efa_refcount);
  io("efa_holders", facts.efa_holders);
  io("efa_driver_registered", facts.efa_driver_registered);
  io("module_file", facts.module_file);
  io("module_index_readable", facts.module_index_readable);
  io("known_device_ids", facts.known_device_ids);
  describe_reading(io, "module_on_disk", facts.module_on_disk);
  io("unlisted_file", facts.unlisted_file);
  io("module_index_missing", facts.module_index_missing);
  io("modules_removed", facts.modules_removed);
  describe_reading(io, "ib_uverbs_installed", facts.ib_uverbs_installed);
  io("nvidia_installed", facts.nvidia_installed);
  io("ib_uverbs_loaded", facts.ib_uverbs_loaded);
  io("ib_core_loaded", facts.ib_core_loaded);
  io("dkms", facts.dkms);
  io("dkms_failed", facts.dkms_failed);
  describe_reading(io, "ofed", facts.ofed);
  describe_reading(io, "rdma_netns_shared", facts.rdma_netns_shared);
  io("lockdown", facts.lockdown);
  describe_reading(io, "signatures_enforced", facts.signatures_enforced);
  describe_reading(io, "kexec_loaded", facts.kexec_loaded);
  describe_reading(io, "modules_disabled", facts.modules_disabled);
  describe_reading(io, "modules_disabled_by", facts.modules_disabled_by);
  describe_reading(io, "blacklisted_by", facts.blacklisted_by);
  io("also_kept_out_by", facts.also_kept_out_by);
  io("support_lines", facts.support_lines);
  io("modprobe_unseen", facts.modprobe_unseen);
  io("vfio_lines", facts.vfio_lines);
  io("next_kernel", facts.next_kernel);
  io("boots_past_grub", facts.boots_past_grub);
  io("unseen", facts.unseen);
}

}  // namespace efa
