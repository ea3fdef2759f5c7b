#include "probes/jobs/settings.h"

#include <algorithm>
#include <iterator>

#include "probes/base/text.h"
#include "probes/jobs/setting_names.h"
#include "probes/protocol/installer_files.h"

namespace efa {
namespace {

constexpr size_t kMaxParts = 64;   // of a list; an LD_LIBRARY_PATH of many modules has some 40
constexpr size_t kMaxNumber = 20;  // digits of 2^64

constexpr std::string_view kFlags[] = {"0",  "1",   "2", "true", "false",  "yes",    "no",
                                       "on", "off", "y", "n",    "enable", "disable"};

// Providers of libfabric; components of Open MPI; names, levels and algorithms of NCCL.
constexpr std::string_view kWords[] = {
    "efa", "efa-direct", "shm", "sm2", "tcp", "sockets", "udp", "verbs", "net", "psm2", "psm3",
    "opx", "cxi", "ucx", "mlx", "gni", "usnic", "lnx", "rxm", "rxd", "ofi_rxm", "ofi_rxd", "mrail",
    "coll", "ofi_mrail", "off_coll",
    // memory
    "system", "cuda", "rocr", "ze", "neuron", "synapseai", "memhooks", "userfaultfd", "kdreg2",
    "disabled", "none",
    // log levels
    "warn", "trace", "info", "debug", "version", "abort",
    // Open MPI, Intel MPI, NVSHMEM
    "ofi", "cm", "ob1", "self", "vader", "sm", "smcuda", "openib", "uct", "cray", "rdma", "pt2pt",
    "libfabric", "ibrc", "ibdevx", "ibgda",
    // NCCL
    "aws libfabric", "socket", "ib", "sendrecv", "ll", "ll128", "simple", "ring", "tree",
    "collnetdirect", "collnetchain", "nvls", "nvlstree", "pat", "loc", "nvl", "pix", "pxb", "pxn",
    "p2c", "phb", "sys", "0", "1", "2", "3", "4", "5", "allreduce", "broadcast", "reduce",
    "allgather", "reducescatter"};

// Beside those of the EFA installer.
constexpr std::string_view kDirectories[] = {"/opt/amazon/openmpi/lib",
                                             "/opt/amazon/openmpi/lib64",
                                             "/opt/amazon/openmpi5/lib",
                                             "/opt/amazon/openmpi5/lib64",
                                             "/opt/amazon/pmix/lib",
                                             "/opt/amazon/prrte/lib",
                                             "/opt/aws/neuron/lib",
                                             "/opt/nccl/build/lib",
                                             "/opt/gdrcopy/lib",
                                             "/opt/conda/lib",
                                             "/usr/lib",
                                             "/usr/lib64",
                                             "/usr/lib/x86_64-linux-gnu",
                                             "/usr/lib/aarch64-linux-gnu",
                                             "/usr/local/lib",
                                             "/usr/local/lib64",
                                             "/usr/local/cuda/lib",
                                             "/usr/local/cuda/lib64",
                                             "/usr/local/cuda/compat",
                                             "/usr/local/nvidia/lib",
                                             "/usr/local/nvidia/lib64",
                                             "/usr/local/cuda/compat/lib",
                                             "/lib",
                                             "/lib64",
                                             "/lib/x86_64-linux-gnu",
                                             "/lib/aarch64-linux-gnu"};

bool is_known_directory(std::string_view path) {
  return is_one_of(path, kInstallerLibraries) || is_one_of(path, kPluginLibraries) ||
         is_one_of(path, kPluginTopologies) || is_one_of(path, kDirectories);
}

// Below these a directory of another name is told by them: which stack it is of, not whose.
constexpr std::string_view kRoots[] = {kInstallerFolder, "/opt/amazon/", "/opt/aws-ofi-nccl/",
                                       "/opt/intel/", "/opt/conda/", "/usr/local/cuda",
                                       "/usr/local/", "/usr/", "/opt/",
                                       // NCCL's plugin gives its own topology file so
                                       "/proc/self/fd/"};

constexpr std::string_view kLibraries[] = {
    "libfabric.so", "libnccl.so", "libnccl-net.so", "libnccl-net-ofi.so", "libnccl-net-aws-ofi.so",
    "libnccl-tuner.so", "libnccl-tuner-ofi.so", "libnccl-ofi-tuner.so", "libefa.so",
    "libibverbs.so", "librdmacm.so", "libmpi.so", "libpmi.so", "libpmi2.so", "libjemalloc.so",
    "libtcmalloc.so", "libtcmalloc_minimal.so", "libcuda.so", "libcudart.so", "libgdrapi.so",
    // what NCCL_NET_PLUGIN takes beside files
    "ofi", "aws-ofi", "aws-ofi-nccl", "libfabric", "none"};

bool is_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.size() <= kMaxNumber &&
         std::all_of(text.begin(), text.end(), is_digit);
}

// "rdmap16s27" with the letters of `shape` between numbers of up to 4 digits: "rdmap#s#"
bool has_shape(std::string_view text, std::string_view shape) {
  for (const char c : shape) {
    if (c != '#') {
      if (!text.starts_with(c)) return false;
      text.remove_prefix(1);
      continue;
    }
    size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    if (digits == 0 || digits > 4) return false;
    text.remove_prefix(digits);
  }
  return text.empty();
}

template <size_t N>
bool has_shape_of(std::string_view text, const std::string_view (&shapes)[N]) {
  return std::any_of(std::begin(shapes), std::end(shapes),
                     [&](std::string_view shape) { return has_shape(text, shape); });
}

// With the port of NCCL_IB_HCA: "mlx5_0:1"
bool is_device(std::string_view text) {
  constexpr std::string_view kShapes[] = {"all",        "efa",        "efa_#",        "rdmap#s#",
                                          "rdmap#s#f#", "rdmaP#p#s#", "rdmaP#p#s#f#", "mlx5",
                                          "mlx5_#",     "mlx5_#:#",   "rdmap#s#-rdm", "efa_#-rdm"};
  return has_shape_of(text, kShapes);
}

bool is_interface(std::string_view text) {
  constexpr std::string_view kShapes[] = {
      "lo",       "eth",  "eth#",     "ens",    "ens#",    "ens#f#", "enp",   "enp#s#",
      "enp#s#f#", "eno#", "enP#p#s#", "docker", "docker#", "veth",   "virbr", "virbr#",
      "cni#",     "ib",   "ib#",      "bond",   "bond#",   "eni"};
  return has_shape_of(text, kShapes);
}

std::string directory(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path.empty() || path == ".") return ".";  // the job's own directory
  if (is_known_directory(path)) return std::string(path);
  // "/usr/local/../../home" is below none of them
  if (path.find("/..") != std::string_view::npos) return std::string(kOtherPart);
  for (const std::string_view root : kRoots) {
    if (path.starts_with(root)) return std::string(root) + "...";
  }
  return std::string(kOtherPart);
}

// "/opt/amazon/ofi-nccl/lib/libnccl-net.so.0"
std::string library(std::string_view path) {
  const size_t slash = path.rfind('/');
  std::string_view name = path.substr(slash + 1);  // npos + 1 is 0
  const std::string_view whole = name;
  while (!name.empty() && (is_digit(name.back()) || name.back() == '.')) name.remove_suffix(1);
  const bool known = is_one_of(name, kLibraries) && whole.size() - name.size() <= 12;
  std::string told = known ? std::string(whole) : std::string(kOtherPart);
  if (slash == std::string_view::npos) return told;
  return directory(path.substr(0, std::max<size_t>(slash, 1))) + "/" + told;
}

// d_path of the kernel: replaced meanwhile
std::string_view without_deleted(std::string_view path) {
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) path.remove_suffix(kDeleted.size());
  return path;
}

// What a list holds of known parts, with its separators; what is not known is "other".
template <class Tell>
std::string told_list(std::string_view value, std::string_view separators, const Tell& tell) {
  std::string told;
  for (size_t part = 0;; ++part) {
    if (part == kMaxParts) return told + std::string(kOtherPart);
    const size_t end = std::min(value.find_first_of(separators), value.size());
    told += tell(value.substr(0, end));
    if (end == value.size()) return told;
    told += value[end];
    value.remove_prefix(end + 1);
  }
}

// A list of parts that are as they are or "other"; "^efa" and "=eth0" say more of what follows.
template <class Known>
std::string told_known(std::string_view value, std::string_view separators, const Known& known) {
  return told_list(value, separators, [&](std::string_view part) {
    std::string told;
    while (part.starts_with('^') || part.starts_with('!') || part.starts_with('=')) {
      if (told.size() < 2) told += part.front();
      part.remove_prefix(1);
    }
    return told + std::string(part.empty() || known(part) ? part : kOtherPart);
  });
}

std::string told_value(Shape shape, std::string_view value) {
  constexpr size_t kMaxValue = size_t{64} * 1024;
  const auto only_if = [&](bool fits) { return std::string(fits ? value : kNotKept); };
  if (value.empty()) return "";  // FI_EFA_IFACE="" ends a process
  if (value.size() > kMaxValue) return std::string(kNotKept);
  switch (shape) {
    case Shape::kFlag:
      return only_if(is_one_of(lower_case(value), kFlags));
    case Shape::kNumber:
      return only_if(is_number(value));
    case Shape::kNumbers:
      return told_known(value, ",-", [](std::string_view part) { return has_shape(part, "#"); });
    case Shape::kDevices:
      return told_known(value, ",", is_device);
    case Shape::kInterfaces:
      return told_known(value, ",", is_interface);
    case Shape::kWords:
      return told_known(value, ",;:+",
                        [](std::string_view word) { return is_one_of(lower_case(word), kWords); });
    case Shape::kLinks:
      return told_known(value, "|+:,", [](std::string_view part) {
        return is_one_of(lower_case(part), kWords) || is_device(part);
      });
    case Shape::kLibraries:
      return told_list(value, ": ", library);
    case Shape::kDirectories:
      return told_list(value, ":", directory);
    case Shape::kHidden:
      break;
  }
  return std::string(kNotKept);
}

}  // namespace

std::string told_directory(std::string_view path) {
  return directory(path);
}

std::string_view name_of_setting(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

std::optional<std::string> kept_setting(std::string_view variable) {
  const size_t equals = variable.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = variable.substr(0, equals);
  const auto known = std::find_if(std::begin(kSettings), std::end(kSettings),
                                  [&](const NamedSetting& one) { return one.name == name; });
  if (known == std::end(kSettings)) return std::nullopt;
  return std::string(name) + "=" + told_value(known->shape, variable.substr(equals + 1));
}

bool any_is_for_efa(const std::vector<std::string>& settings) {
  constexpr std::string_view kGroups[] = {
      "FI_EFA_",        "FI_PROVIDER=", "OFI_NCCL_",        "I_MPI_OFI_",
      "MPIR_CVAR_OFI_", "NCCL_NET=",    "NCCL_NET_PLUGIN=", "NVSHMEM_LIBFABRIC_"};
  return std::any_of(settings.begin(), settings.end(), [&](const std::string& setting) {
    return std::any_of(std::begin(kGroups), std::end(kGroups),
                       [&](std::string_view group) { return setting.starts_with(group); });
  });
}

std::optional<std::string> mapped_library(std::string_view line) {
  const size_t start = line.find('/');
  if (start == std::string_view::npos) return std::nullopt;
  const std::string_view path = without_deleted(line.substr(start));
  const size_t slash = path.rfind('/');
  const std::string_view file = path.substr(slash + 1);
  for (const std::string_view name : {"libfabric", "libibverbs"}) {
    if (!file.starts_with(name)) continue;
    const std::string_view rest = file.substr(name.size());
    const size_t suffix = rest.rfind(".so");
    if (suffix == std::string_view::npos || (suffix != 0 && rest.front() != '-')) continue;
    const std::string told = library(std::string(name) + std::string(rest.substr(suffix)));
    if (told == kOtherPart) continue;
    return directory(path.substr(0, std::max<size_t>(slash, 1))) + "/" + told;
  }
  return std::nullopt;
}

std::optional<std::string> program_name(std::string_view path) {
  constexpr size_t kMaxName = 32;
  path = without_deleted(path);
  const std::string name = base_name(path);
  if (!is_made_of(name, "._+-") || name.empty() || name.size() > kMaxName) return std::nullopt;
  return name;
}

}  // namespace efa
