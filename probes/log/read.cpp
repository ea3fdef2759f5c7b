// probe-log: looks at the kernel's ring buffer, /dev/kmsg, for what the efa driver, the RDMA core
// and PCI say of EFA devices, for crashes with efa on the stack, for what closes the way to a GPU's
// memory, for jobs of which a process was killed for lack of memory, and for processes that crashed
// inside libfabric.
// Interface: Documentation/ABI/testing/dev-kmsg.

#include "probes/log/read.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "probes/base/text.h"
#include "probes/log/facts.h"
#include "probes/log/library_crash.h"
#include "probes/log/memory_kill.h"
#include "probes/log/parse.h"
#include "probes/log/record.h"
#include "probes/log/trace.h"
#include "probes/protocol/efa_functions.h"
#include "probes/protocol/telling.h"

namespace efa {
namespace {

constexpr size_t kNewest = 200;    // messages, of whatever kind; a dead device repeats itself
constexpr size_t kOfEachKind = 4;  // and so many of each device, however long ago
constexpr size_t kMaxMessages = 800;
// Of so many records what is known is told, then of eight times as many, and so on: the bound of
// 100,000 is met after three times, and what four say fits into what a probe may say.
constexpr size_t kFirstTold = 512;
constexpr size_t kMoreUntilTold = 8;
constexpr size_t kMaxEnds = 64;  // the newest; a job that is started again is killed again

// Of all records: those that are kept can have been pushed out by what a dead device repeats.
std::vector<PciAddress> functions_named_in(const std::vector<std::string>& records) {
  std::set<PciAddress> functions;
  for (const std::string& record : records) {
    if (const auto function = named_efa_function(record)) functions.insert(*function);
  }
  return {functions.begin(), functions.end()};
}

// The kinds of what was said of accelerators, each with the newest; and nothing else of them.
std::map<std::string, uint64_t> take_accelerators(std::vector<std::string>& records) {
  std::map<std::string, uint64_t> kinds;
  std::erase_if(records, [&](const std::string& record) {
    const auto message = parse_accelerator_message(record);
    if (message) kinds[message->kind] = message->usec;
    return message.has_value();
  });
  return kinds;
}

std::vector<DriverTrace> take_traces(std::vector<std::string>& records) {
  DriverTraces traces;
  std::erase_if(records, [&](std::string& record) {
    return !parse_kernel_message(record) && traces.take(record);
  });
  return traces.found();
}

// The newest ends of processes that `parse` knows.
template <class End>
std::vector<End> take_ends(std::vector<std::string>& records,
                           std::optional<End> (*parse)(std::string_view)) {
  std::vector<End> ends;
  std::erase_if(records, [&](const std::string& record) {
    const auto end = parse(record);
    if (end) ends.push_back(*end);
    return end.has_value();
  });
  const size_t more = ends.size() - std::min(ends.size(), kMaxEnds);
  ends.erase(ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(more));
  return ends;
}

// Whether the log has lost its oldest records; the mark that stands for nothing else is taken out.
bool take_mark(std::vector<std::string>& records) {
  const bool lost = std::any_of(records.begin(), records.end(), is_marked_oldest);
  std::erase_if(records, [](const std::string& record) {
    return is_marked_oldest(record) && record.ends_with(';');
  });
  return lost;
}

// What of the log a recording may hold.
class Wanted {
 public:
  explicit Wanted(std::vector<PciAddress> devices) : devices_(std::move(devices)) {}

  bool operator()(std::string& record) {
    if (std::exchange(is_first_, false)) record = marked_oldest(record);
    if (speaks(record)) return true;
    record.resize(std::min(record.find(';') + 1, record.size()));  // npos + 1 is 0
    return is_marked_oldest(record);
  }

 private:
  bool speaks(std::string& record) {
    if (parse_accelerator_message(record)) {
      record = words_of_accelerator_message(record);
      return true;
    }
    if (parse_memory_kill(record)) {
      record = words_of_memory_kill(record);
      return true;
    }
    if (parse_library_crash(record)) {
      record = words_of_library_crash(record);
      return true;
    }
    const auto message = parse_kernel_message(record);
    if (!message) return traces_.take(record);
    // the lines of PCI about a device that has vanished name an address that is no EFA any more
    const bool of_pci = message->text.starts_with("pci");
    return !of_pci || named_efa_function(record) ||
           std::find(devices_.begin(), devices_.end(), message->address) != devices_.end();
  }

  std::vector<PciAddress> devices_;
  DriverTraces traces_;
  bool is_first_ = true;
};

// The newest, and of each device what else is known of it: why it did not start must not be pushed
// out by what another repeats.
std::vector<LogMessage> those_that_tell(const std::vector<std::string>& records) {
  std::vector<LogMessage> kept;
  std::map<std::pair<std::string, LogKind>, size_t> counts;  // of a device and a kind
  for (size_t age = 0; age < records.size() && kept.size() < kMaxMessages; ++age) {
    auto message = parse_kernel_message(records[records.size() - 1 - age]);
    if (!message) continue;
    const std::string device =
        message->address ? message->address->to_text() : message->device.value_or("");
    const size_t count = ++counts[{device, message->kind}];
    if (age < kNewest || count <= kOfEachKind) kept.push_back(std::move(*message));
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

LogFacts facts_of(std::vector<std::string> records) {
  LogFacts facts;
  facts.lost_oldest = take_mark(records);
  facts.has_first_crash = std::any_of(records.begin(), records.end(), tells_of_first_crash);
  facts.accelerators = take_accelerators(records);
  facts.kills = take_ends(records, parse_memory_kill);
  facts.crashes = take_ends(records, parse_library_crash);
  facts.traces = take_traces(records);
  facts.total = records.size();
  facts.functions = functions_named_in(records);
  facts.messages = those_that_tell(records);
  return facts;
}

// Tells what is known of a log that is slow to read, or that grows as fast as it is read.
class SoFar {
 public:
  SoFar(Wanted& wanted, Telling<LogFacts>& telling) : wanted_(wanted), telling_(telling) {}

  bool operator()(std::string& record) {
    const bool is_wanted = wanted_(record);
    if (is_wanted) records_.push_back(make_utf8(record));
    if (++seen_ == next_) tell();
    return is_wanted;
  }

 private:
  void tell() {
    next_ *= kMoreUntilTold;
    LogFacts facts = facts_of(records_);
    facts.total.reset();  // what is not there so far may come yet
    telling_.so_far(facts);
  }

  Wanted& wanted_;
  Telling<LogFacts>& telling_;
  std::vector<std::string> records_;
  size_t seen_ = 0;
  size_t next_ = kFirstTold;
};

}  // namespace

void read_log(const Look& look) {
  look.out.doing("list PCI functions", "/sys/bus/pci/devices");
  Wanted wanted(efa_functions(look.root));
  look.out.doing("read the kernel log", "/dev/kmsg");
  Telling<LogFacts> telling(look.out);
  SoFar so_far(wanted, telling);
  Result<std::vector<std::string>> records = look.root.kernel_messages(std::ref(so_far));
  LogFacts facts;
  if (records) {
    facts = facts_of(std::move(*records));
  } else {
    facts.unseen.push_back(unseen_of("/dev/kmsg", records.error()));
  }
  telling.all(facts);
}

}  // namespace efa
