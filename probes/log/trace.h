// Traces that the kernel logs when it crashes, warns or sees that something hangs, and whether efa
// is on their stack. Interface: Documentation/admin-guide/bug-hunting.rst; oops_end and
// show_trace_log_lvl of x86, die and dump_backtrace of arm64, __warn of kernel/panic.c;
// kernel/hung_task.c, kernel/watchdog.c, kernel/rcu/tree_stall.h, tree_exp.h and tasks.h,
// kernel/workqueue.c.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/log/facts.h"

namespace efa {

// A function of efa that a line of a trace names: "efa_destroy_cq" of
// "RIP: 0010:efa_destroy_cq+0x2f/0xd0 [efa]" or " efa_destroy_cq+0x2f/0xd0 [efa]". Nothing of one
// that the kernel itself only guesses, "? efa_destroy_cq+0x2f/0xd0 [efa]".
std::optional<std::string> efa_function_in(std::string_view text);

// "Oops: 0000 [#1] PREEMPT SMP NOPTI": the kernel counts its crashes since boot.
bool tells_of_first_crash(std::string_view record);

// Takes the records of the log one after the other.
class DriverTraces {
 public:
  // Whether it belongs to a trace and tells of efa. One that ends a trace is changed to say only
  // that, one of a hang to not name the process: what is kept says the same again.
  bool take(std::string& record);

  // Those with efa on the stack.
  [[nodiscard]] std::vector<DriverTrace> found() const;

 private:
  void name_by_reason(DriverTrace& crash);
  void begin(const DriverTrace& trace);
  bool ends_with(std::string_view text);

  std::vector<DriverTrace> traces_;    // without efa: no function
  std::optional<DriverTrace> reason_;  // of a crash whose number is yet to come
  bool open_ = false;
  size_t lines_ = 0;   // of the open one
  size_t stacks_ = 0;  // in it
};

}  // namespace efa
