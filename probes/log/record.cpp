#include "probes/log/record.h"

#include <algorithm>
#include <string>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr std::string_view kOldest = ",oldest";

}  // namespace

std::optional<KernelRecord> parse_kernel_record(std::string_view record) {
  const size_t semicolon = record.find(';');
  if (semicolon == std::string_view::npos) return std::nullopt;
  std::string_view head = record.substr(0, semicolon);
  const auto next = [&head] {  // without a copy: each record of the log is looked at
    const std::string_view field = head.substr(0, head.find(','));
    head.remove_prefix(std::min(field.size() + 1, head.size()));
    return field;
  };
  const auto priority = parse_number<unsigned>(next());
  const auto sequence = parse_number<uint64_t>(next());
  const auto usec = parse_number<uint64_t>(next());
  if (!priority || !sequence || !usec) return std::nullopt;
  const std::string_view text = record.substr(semicolon + 1);
  return KernelRecord{*priority, *sequence, *usec, text.substr(0, text.find('\n'))};
}

std::string marked_oldest(const std::string& record) {
  const auto parsed = parse_kernel_record(record);
  if (!parsed || parsed->sequence == 0) return record;
  return std::string(record).insert(record.find(';'), kOldest);
}

bool is_marked_oldest(std::string_view record) {
  const size_t semicolon = record.find(';');
  return semicolon != std::string_view::npos && record.substr(0, semicolon).ends_with(kOldest);
}

bool is_kernels_own(const KernelRecord& record) {
  constexpr unsigned kMostOfKernel = 7;
  return record.priority <= kMostOfKernel;
}

bool tells_of_process(std::string_view text) {
  constexpr size_t kLongestName = 15;  // TASK_COMM_LEN of linux/sched.h
  for (size_t at = 0; at < text.size() && at <= kLongestName + 1; ++at) {
    if (text[at] != '[' && text[at] != '(' && text[at] != '/') continue;
    const size_t end = text.find_first_not_of("0123456789", at + 1);
    if (end != std::string_view::npos && end > at + 1 &&
        std::string_view("]):").find(text[end]) != std::string_view::npos) {
      return true;
    }
  }
  const size_t colon = text.find(": ");
  return colon <= kLongestName && (text.find(" allocation failure: order:") != text.npos ||
                                   text.find(": vmalloc error: ") != text.npos);
}

}  // namespace efa
