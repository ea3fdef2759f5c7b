#include "agent/watch/upkeep.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <span>

#include "probes/base/files.h"
#include "probes/base/text.h"

namespace efa {
namespace {

int give_back_pages(dl_phdr_info* object, size_t /*size*/, void* /*data*/) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (const ElfW(Phdr) & segment : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    const uintptr_t first = begin / page * page;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader tells addresses as numbers
    madvise(reinterpret_cast<void*>(first), begin + segment.p_memsz - first, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void give_back_memory() {
  malloc_trim(0);
  dl_iterate_phdr(give_back_pages, nullptr);
}

int64_t parse_own_memory_kib(const std::string& status) {
  int64_t kib = 0;
  for (const std::string& line : split(status, '\n')) {
    if (!line.starts_with("RssAnon:") && !line.starts_with("VmSwap:")) continue;
    const std::vector<std::string> fields = words(line);
    if (fields.size() == 3) kib += parse_number<int64_t>(fields[1]).value_or(0);
  }
  return kib;
}

Usage usage_of_self() {
  Usage usage;
  std::error_code error;
  for (std::filesystem::directory_iterator fd("/proc/self/fd", error), end; !error && fd != end;
       fd.increment(error)) {
    ++usage.descriptors;
  }
  constexpr size_t kMaxStatus = size_t{64} * 1024;
  usage.memory_kib = parse_own_memory_kib(read_file("/proc/self/status", kMaxStatus).value_or(""));
  return usage;
}

Bounds bounds_of_self() {
  Bounds bounds;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    bounds.descriptors = std::min(bounds.descriptors, static_cast<int64_t>(files.rlim_cur / 2));
  }
#ifdef __SANITIZE_ADDRESS__
  bounds.memory_kib *= 8;  // what it keeps beside each allocation is no growth
#endif
  return bounds;
}

std::optional<std::string> outgrown(const Usage& usage, const Bounds& bounds) {
  if (usage.descriptors > bounds.descriptors) {
    return std::to_string(usage.descriptors) + " file descriptors are open, more than " +
           std::to_string(bounds.descriptors);
  }
  if (usage.memory_kib > bounds.memory_kib) {
    return std::to_string(usage.memory_kib) + " KiB of memory are taken, more than " +
           std::to_string(bounds.memory_kib);
  }
  return std::nullopt;
}

}  // namespace efa
