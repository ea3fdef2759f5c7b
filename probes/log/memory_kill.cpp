#include "probes/log/memory_kill.h"

#include "probes/log/record.h"
#include "probes/protocol/job_group.h"

namespace efa {
namespace {

// What is around the control group.
struct KillWords {
  std::string_view begin;   // of the record
  std::string_view before;  // somewhere behind that
  std::string_view behind;
  bool whole;
};
constexpr KillWords kKillWords[] = {
    {"oom-kill:", "task_memcg=", ",task=", false},
    {"Tasks in ", "", " are going to be killed due to memory.oom.group set", true},
};

struct Parsed {
  MemoryKill kill;
  const KillWords* words;
};

std::optional<Parsed> parse(std::string_view record) {
  const auto parsed = parse_kernel_record(record);
  if (!parsed || !is_kernels_own(*parsed)) return std::nullopt;
  for (const KillWords& words : kKillWords) {
    if (!parsed->text.starts_with(words.begin)) continue;
    const size_t at = parsed->text.find(words.before, words.begin.size());
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view group = parsed->text.substr(at + words.before.size());
    const size_t end = group.find(words.behind);
    const std::string job = job_of_control_group(group.substr(0, end));
    if (end == std::string_view::npos || job.empty()) return std::nullopt;
    return Parsed{{parsed->usec, job, words.whole}, &words};
  }
  return std::nullopt;
}

}  // namespace

std::optional<MemoryKill> parse_memory_kill(std::string_view record) {
  const auto parsed = parse(record);
  return parsed ? std::optional(parsed->kill) : std::nullopt;
}

std::string words_of_memory_kill(std::string_view record) {
  const auto parsed = parse(record);
  if (!parsed) return "";
  std::string text(record.substr(0, record.find(';') + 1));
  for (const std::string_view part : {parsed->words->begin, parsed->words->before,
                                      std::string_view(parsed->kill.job), parsed->words->behind}) {
    text += part;
  }
  return text;
}

}  // namespace efa
