#include "probes/log/trace.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "probes/base/text.h"
#include "probes/log/record.h"

namespace efa {
namespace {

constexpr size_t kMaxTraces = 8;      // with efa: the first tell, later ones are consequences;
                                      // and so many of hangs, which must not push out a crash
constexpr size_t kMaxLines = 256;     // of one: registers, a stack, the list of modules
constexpr size_t kMaxHeadText = 256;  // "general protection fault, probably for ...: 0000 [#1] SMP"
constexpr uint64_t kReasonUsec = 5'000'000;  // from what crashed to its number: of one report
constexpr std::string_view kEnd = "---[ end trace";

// "Oops: 0000 [#1] PREEMPT SMP NOPTI": how often the kernel has crashed
bool has_die_counter(std::string_view text) {
  const size_t at = text.find(" [#");
  if (at == std::string_view::npos) return false;
  const size_t end = text.find_first_not_of("0123456789", at + 3);
  return end != std::string_view::npos && end > at + 3 && text[end] == ']';
}

// "INFO: task python3:4711 blocked for more than 122 seconds." of kernel/hung_task.c. The process's
// name is any text, its owner's word: only what begins and what ends the line is the kernel's.
std::string words_of_hung_task(std::string_view text) {
  constexpr std::string_view kHungTask = "INFO: task";
  constexpr std::string_view kBlocked = " blocked for more than ";
  constexpr std::string_view kEndOfLine = " seconds.";
  const size_t at = text.rfind(kBlocked);
  if (at == std::string_view::npos || at < kHungTask.size()) return "";
  if (!text.starts_with(kHungTask) || !text.ends_with(kEndOfLine)) return "";
  const std::string_view rest = text.substr(at + kBlocked.size());
  if (rest.find_first_not_of("0123456789") + kEndOfLine.size() != rest.size()) return "";
  return std::string(kHungTask) + std::string(text.substr(at));
}

// "watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [python3:4711]", "watchdog: CPU3: Watchdog
// detected hard LOCKUP on cpu 3", "rcu: INFO: rcu_sched self-detected stall on CPU", "rcu: INFO:
// rcu_sched detected stalls on CPUs/tasks:", "rcu: INFO: rcu_sched detected expedited stalls on
// CPUs/tasks: { 3-.... } 21 jiffies s: 1877 root: 0x8/.", "rcu: INFO: rcu_tasks detected stalls on
// tasks:", "BUG: workqueue lockup - pool cpus=3 node=0 flags=0x0 nice=0 stuck for 32s!"; kernels
// before 4.19 have no "rcu: ".
std::string words_of_lockup(std::string_view text) {
  constexpr std::string_view kBegins[] = {
      "watchdog: ", "NMI watchdog: ", "rcu: INFO: ", "INFO: rcu_", "BUG: workqueue lockup - pool"};
  constexpr std::string_view kFragments[] = {"BUG: soft lockup - CPU#",
                                             "Watchdog detected hard LOCKUP on cpu ",
                                             " self-detected stall on CPU",
                                             " detected stalls on CPUs/tasks:",
                                             " detected expedited stalls on CPUs/tasks:",
                                             " detected stalls on tasks:",
                                             "workqueue lockup - pool"};
  const auto begins = [&](std::string_view words) { return text.starts_with(words); };
  const auto has = [&](std::string_view words) { return text.find(words) != text.npos; };
  if (std::none_of(std::begin(kBegins), std::end(kBegins), begins)) return "";
  if (std::none_of(std::begin(kFragments), std::end(kFragments), has)) return "";
  return std::string(text.substr(0, std::min(text.find(" ["), text.find(" {"))));
}

std::optional<DriverTrace> hang_of(const KernelRecord& record) {
  std::string text = words_of_hung_task(record.text);
  if (text.empty()) text = words_of_lockup(record.text);
  if (text.empty()) return std::nullopt;
  DriverTrace trace;
  trace.usec = record.usec;
  trace.hang = true;
  trace.text = make_utf8(std::string_view(text).substr(0, kMaxHeadText));
  return trace;
}

// What crashed, some lines before the number of the crash: "kernel BUG at mm/slub.c:435!", "BUG:
// kernel NULL pointer dereference, address: 0000000000000008" of x86, "Unable to handle kernel
// paging request at virtual address ffff0003" of arm64. The line with the number says "invalid
// opcode: 0000" or "Oops: 0000".
std::optional<DriverTrace> reason_of(const KernelRecord& record) {
  constexpr std::string_view kBegins[] = {"kernel BUG at ", "BUG: kernel NULL pointer dereference",
                                          "BUG: unable to handle ", "Unable to handle kernel "};
  const auto begins = [&](std::string_view words) { return record.text.starts_with(words); };
  if (std::none_of(std::begin(kBegins), std::end(kBegins), begins)) return std::nullopt;
  if (tells_of_process(record.text)) return std::nullopt;
  DriverTrace reason;
  reason.usec = record.usec;
  reason.text = make_utf8(record.text.substr(0, kMaxHeadText));
  return reason;
}

std::optional<DriverTrace> head_of(const KernelRecord& record) {
  if (auto hang = hang_of(record)) return hang;
  if (tells_of_process(record.text)) return std::nullopt;
  const bool crash = has_die_counter(record.text);
  if (!crash && !record.text.starts_with("WARNING: ")) return std::nullopt;
  DriverTrace trace;
  trace.usec = record.usec;
  trace.crash = crash;
  trace.text = make_utf8(record.text.substr(0, kMaxHeadText));
  return trace;
}

// Another report has begun: its stack is not this one's.
bool begins_another(std::string_view text) {
  constexpr std::string_view kOthers[] = {"[ cut here ]",          " allocation failure: order:",
                                          " invoked oom-killer: ", " blocked for more than ",
                                          " soft lockup ",         "self-detected stall",
                                          "detected stalls on",    "detected expedited stalls",
                                          "workqueue lockup"};
  return std::any_of(std::begin(kOthers), std::end(kOthers), [&](std::string_view words) {
    return text.find(words) != std::string_view::npos;
  });
}

bool begins_stack(std::string_view text) {
  return text.starts_with("Call Trace:") || text.starts_with("Call trace:");
}

// "0010:efa_probe+0x536/0x8b0" -> "efa_probe"
std::optional<std::string> symbol_of(std::string_view word) {
  const size_t offset = word.find("+0x");
  if (offset == std::string_view::npos || word.find("/0x", offset) == std::string_view::npos) {
    return std::nullopt;
  }
  const size_t begin = word.rfind(':', offset) + 1;  // npos + 1 is 0
  return std::string(word.substr(begin, offset - begin));
}

}  // namespace

std::optional<std::string> efa_function_in(std::string_view text) {
  const std::vector<std::string> fields = words(text);
  for (size_t i = 0; i < fields.size(); ++i) {
    auto symbol = symbol_of(fields[i]);
    if (!symbol || (i > 0 && fields[i - 1] == "?")) continue;
    const std::string module = i + 1 < fields.size() ? fields[i + 1] : "";
    const bool built_in = !module.starts_with('[') && symbol->starts_with("efa_");
    if (module == "[efa]" || module == "[efa" || built_in) return symbol;
  }
  return std::nullopt;
}

bool tells_of_first_crash(std::string_view record) {
  const auto parsed = parse_kernel_record(record);
  return parsed && is_kernels_own(*parsed) && !tells_of_process(parsed->text) &&
         parsed->text.find(" [#1]") != std::string_view::npos;
}

void DriverTraces::begin(const DriverTrace& trace) {
  std::erase_if(traces_, [](const DriverTrace& known) { return known.function.empty(); });
  const auto same = [&](const DriverTrace& one) { return one.hang == trace.hang; };
  const auto known = std::count_if(traces_.begin(), traces_.end(), same);
  open_ = static_cast<size_t>(known) < kMaxTraces;
  lines_ = stacks_ = 0;
  if (open_) traces_.push_back(trace);
}

void DriverTraces::name_by_reason(DriverTrace& crash) {
  if (!reason_) return;
  if (crash.usec - reason_->usec < kReasonUsec) crash.text = reason_->text;
  reason_.reset();
}

bool DriverTraces::ends_with(std::string_view text) {
  stacks_ += begins_stack(text) ? 1 : 0;
  return ++lines_ > kMaxLines || stacks_ > 1 || text.starts_with(kEnd) || begins_another(text);
}

bool DriverTraces::take(std::string& record) {
  const auto parsed = parse_kernel_record(record);
  if (!parsed || !is_kernels_own(*parsed)) return false;
  if (auto reason = reason_of(*parsed)) {
    reason_ = std::move(reason);
    open_ = false;  // another report has begun
    return true;
  }
  auto head = head_of(*parsed);
  if (head && head->crash) name_by_reason(*head);
  if (head) begin(*head);
  if (!open_) return false;
  const std::string before = record.substr(0, record.find(';') + 1);
  if (head && head->hang) {
    record = before + head->text;
    return true;
  }
  if (!head && ends_with(parsed->text)) {
    open_ = false;
    record = before + std::string(kEnd) + " ]---";
    return true;
  }
  const bool of_process = tells_of_process(parsed->text);
  const auto function = of_process ? std::nullopt : efa_function_in(parsed->text);
  if (function) {
    DriverTrace& trace = traces_.back();
    if (trace.function.empty()) trace.function = *function;
    trace.at_start = trace.at_start || function->starts_with("efa_probe");
  }
  return head || function;
}

std::vector<DriverTrace> DriverTraces::found() const {
  std::vector<DriverTrace> found;
  std::copy_if(traces_.begin(), traces_.end(), std::back_inserter(found),
               [](const DriverTrace& trace) { return !trace.function.empty(); });
  return found;
}

}  // namespace efa
