#include "probes/log/memory_kill.h"

#include "probes/log/record.h"
#include "probes/protocol/job_group.h"

namespace efa {
namespace {

constexpr std::string_view kBegin = "oom-kill:";
constexpr std::string_view kGroup = "task_memcg=";
constexpr std::string_view kBehind = ",task=";

}  // namespace

std::optional<MemoryKill> parse_memory_kill(std::string_view record) {
  const auto parsed = parse_kernel_record(record);
  if (!parsed || !is_kernels_own(*parsed) || !parsed->text.starts_with(kBegin)) return std::nullopt;
  const size_t at = parsed->text.find(kGroup);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view group = parsed->text.substr(at + kGroup.size());
  const size_t end = group.find(kBehind);
  const std::string job = job_of_control_group(group.substr(0, end));
  if (end == std::string_view::npos || job.empty()) return std::nullopt;
  return MemoryKill{parsed->usec, job};
}

std::string words_of_memory_kill(std::string_view record) {
  const auto kill = parse_memory_kill(record);
  if (!kill) return "";
  return std::string(record.substr(0, record.find(';') + 1)) + std::string(kBegin) +
         std::string(kGroup) + kill->job + std::string(kBehind);
}

}  // namespace efa
