// Lists of AWS's APIs, page by page, and what came of each kind of thing.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "probes/account/calls.h"
#include "probes/account/facts.h"
#include "probes/account/parse.h"

namespace efa {

inline constexpr size_t kMostPages = 1'000;
inline constexpr size_t kMostValues = 200;  // of one filter of EC2

// What came of a kind: a section that begins well and ends with the first thing that went wrong.
class Kind {
 public:
  explicit Kind(const char* name) { section_ = {name, SectionStatus::kOk, "", ""}; }

  [[nodiscard]] bool goes_on() const { return section_.status == SectionStatus::kOk; }
  // After a part of it came, it is that which matters.
  void refuse(const Refusal& refusal);
  // What went wrong with a part of it that was asked for alone.
  void refuse(const AccountSection& part);
  void fail(const std::string& words);
  void came() { some_ = true; }
  [[nodiscard]] const AccountSection& section() const { return section_; }

 private:
  AccountSection section_;
  bool some_ = false;
};

// "Filter.1.Name=..." of EC2.
void add_filter(Parameters& parameters, int number, const std::string& name,
                const std::vector<std::string>& values);
std::vector<std::vector<std::string>> chunks_of(const std::set<std::string>& all,
                                                size_t most = kMostValues);
// Of each page holes stay between what is kept of it: 3 MB a page.
void give_memory_back();

// Every page of one call.
template <class Item>
void read_pages(Calls& calls, const Call& call,
                const std::function<Result<Page<Item>>(const std::string&)>& parse, Kind& kind,
                const std::function<void(Item)>& take) {
  std::set<std::string> tokens;
  Call next = call;
  for (size_t pages = 0; kind.goes_on(); ++pages) {
    auto answer = calls.ask(next);
    if (const Refusal* refusal = std::get_if<Refusal>(&answer)) return kind.refuse(*refusal);
    Result<Page<Item>> page = parse(std::get<std::string>(answer));
    if (!page) return kind.fail(message_of(page.error()));
    for (Item& item : page->items) take(std::move(item));
    kind.came();
    if (page->next.empty()) return;
    if (pages + 1 == kMostPages || !tokens.insert(page->next).second) {
      return kind.fail(std::string(call.action) + ": its pages do not end");
    }
    next = next_page(call, page->next);
    give_memory_back();
  }
}

}  // namespace efa
