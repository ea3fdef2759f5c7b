#include "agent/pass/redact_texts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "probes/base/describe.h"
#include "probes/base/text.h"
#include "probes/judging/check.h"
#include "probes/judging/site_probe.h"
#include "probes/protocol/pci_address.h"

namespace efa {
namespace {

bool is_all_of(std::string_view text, int (*of_class)(int)) {
  return std::all_of(text.begin(), text.end(),
                     [&](unsigned char c) { return of_class(c) != 0 && std::isupper(c) == 0; });
}

// "rdmap16s27", "eth0", "uverbs3"
bool is_device_name(std::string_view word) {
  constexpr size_t kLongest = 15;  // IFNAMSIZ
  const size_t letters = std::min(word.find_first_of("0123456789"), word.size());
  return letters > 1 && letters < word.size() && word.size() <= kLongest &&
         is_all_of(word, std::isalnum);
}

std::string of_subject(const std::string& subject, Pseudonyms& pseudonyms) {
  if (subject.empty() || subject == kNodeSubject || is_device_name(subject) ||
      PciAddress::from_text(subject)) {
    return subject;
  }
  return pseudonyms.of_name(subject);
}

// "gpu_count", "link-0.speed"
std::string of_member(const std::string& name, Pseudonyms& pseudonyms) {
  const bool plain = name.size() <= 64 && is_made_of(name, "_-.");
  return plain ? pseudonyms.of_text(name, Source::kSpoken) : pseudonyms.of_name(name);
}

bool is_word_of_findings(const std::string& text) {
  constexpr std::array<std::string_view, 7> kWords = {
      "pass", "fail", "unknown", "not_applicable", "critical", "warning", "info"};
  return is_one_of(text, kWords);
}

bool may_be_site_code(const std::string& text) {
  return text.starts_with("site.") && text.size() <= 64;
}

std::string of_site_text(const std::string& name, const std::string& text, Pseudonyms& pseudonyms) {
  if (name == "subject") return of_subject(text, pseudonyms);
  if (name == "code" && may_be_site_code(text)) return pseudonyms.of_text(text, Source::kSpoken);
  if ((name == "result" || name == "severity") && is_word_of_findings(text)) return text;
  return text.empty() ? "" : kNotKept;
}

Value of_site(const std::string& name, const Value& value, Pseudonyms& pseudonyms) {
  if (const auto* text = value.as<std::string>()) return of_site_text(name, *text, pseudonyms);
  if (const auto* array = value.as<Array>()) {
    Array items;
    for (const Value& item : *array) items.push_back(of_site("", item, pseudonyms));
    return items;
  }
  if (const auto* object = value.as<Object>()) {
    Object members;
    for (const auto& [key, member] : *object) {
      members.emplace_back(of_member(key, pseudonyms), of_site(key, member, pseudonyms));
    }
    return members;
  }
  return value;
}

}  // namespace

Value redacted_line_of_site(const Value& line, Pseudonyms& pseudonyms) {
  Value redacted = of_site("", line, pseudonyms);
  for (const char* member : {"set", "add"}) {
    const std::string name = line.text(member);
    if (!name.empty()) redacted.set(member, of_member(name, pseudonyms));
  }
  // of the runner, who says "probe"
  if (const Value* left = line.find("left")) redacted.set("left", *left);
  return redacted;
}

std::string redacted_subject_of_site(const std::string& subject, Pseudonyms& pseudonyms) {
  return of_subject(subject, pseudonyms);
}

std::string redacted_detail_of_site(const std::string& detail) {
  const size_t colon = detail.find(": ");
  return colon == std::string::npos ? detail : detail.substr(0, colon + 2) + kNotKept;
}

void redact_messages(State& before, Pseudonyms& pseudonyms) {
  for (LeftProcess& left : before.left) {
    if (is_site_probe(left.probe)) left.probe = pseudonyms.of_name(left.probe);
  }
  bool any = false;
  for (Episode& episode : before.history.episodes) {
    const bool of_site = is_site_probe(episode.subject) || episode.code.starts_with("site.");
    const bool of_jobs = episode.code.starts_with("jobs.") || episode.code.starts_with("limits.");
    if (!of_site && !of_jobs) continue;
    any = true;
    if (of_site) episode.subject = of_subject(episode.subject, pseudonyms);
    if (!episode.message.empty()) episode.message = kNotKept;
  }
  for (std::string& job : before.jobs) job = redacted_job(job, pseudonyms);
  if (any && !before.history.summary.empty()) before.history.summary = kNotKept;
}

std::string redacted_job(const std::string& job, Pseudonyms& pseudonyms) {
  if (job.empty()) return "";
  const std::string name = pseudonyms.of_name(job);  // "name-7"
  return "job_" + name.substr(name.rfind('-') + 1);  // the kind of name that a job may have
}

std::string redacted_record(const std::string& record, Pseudonyms& pseudonyms) {
  const size_t end = std::min(record.find(';'), record.size());
  const std::string head = pseudonyms.of_text(record.substr(0, end));
  // as probe-log keeps them: ";oom-kill:task_memcg=job_7,task="
  constexpr std::pair<std::string_view, std::string_view> kAround[] = {
      {";oom-kill:task_memcg=", ",task="},
      {";Tasks in ", " are going to be killed due to memory.oom.group set"}};
  const std::string text = record.substr(end);
  for (const auto& [before, behind] : kAround) {
    const bool is_whole = text.size() >= before.size() + behind.size();
    if (!is_whole || !text.starts_with(before) || !text.ends_with(behind)) continue;
    const std::string job = text.substr(before.size(), text.size() - before.size() - behind.size());
    return head + std::string(before) + redacted_job(job, pseudonyms) + std::string(behind);
  }
  return head + pseudonyms.of_text(text, Source::kSpoken);
}

std::string redacted_slurm_value(const std::string& value, Pseudonyms& /*pseudonyms*/) {
  constexpr std::array<std::string_view, 16> kWords = {
      "all",    "none",  "as",  "core",  "cpu", "data", "fsize", "memlock",
      "nofile", "nproc", "rss", "stack", "yes", "no",   "0",     "1"};
  std::vector<std::string> words;
  for (const std::string& one : split(value, ',')) {
    const std::string word(trim(one));
    words.push_back(is_one_of(lower_case(word), kWords) ? word : "other");
  }
  return join(words, ",");
}

std::string redacted_slurm_line(const std::string& line, Pseudonyms& pseudonyms) {
  const std::string text = line.substr(0, line.find('#'));
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return "";
  return text.substr(0, equals + 1) + redacted_slurm_value(text.substr(equals + 1), pseudonyms);
}

// "<info name=\"HostName\" value=\"trainer-7\"/>"
std::string redacted_topology(const std::string& xml, Pseudonyms& pseudonyms) {
  constexpr std::array<std::string_view, 22> kKept = {
      "Backend",      "hwlocVersion",   "OSName",         "OSRelease",       "Architecture",
      "CPUVendor",    "CPUModel",       "CPUModelNumber", "CPUFamilyNumber", "CPUStepping",
      "PCIVendor",    "PCIDevice",      "PCISlot",        "DMIProductName",  "DMISysVendor",
      "DMIBoardName", "DMIBoardVendor", "Address",        "NodeGUID",        "SysImageGUID",
      "Port1GID0",    "Port1State"};
  constexpr std::string_view kName = "<info name=\"";
  constexpr std::string_view kValue = "\" value=\"";
  std::string out;
  size_t taken = 0;
  for (size_t at = 0; (at = xml.find(kName, taken)) != std::string::npos;) {
    const size_t name = at + kName.size();
    const size_t name_end = xml.find('"', name);
    const size_t value = name_end == std::string::npos ? name_end : name_end + kValue.size();
    const size_t end = value >= xml.size() ? std::string::npos : xml.find('"', value);
    if (end == std::string::npos) break;
    const bool kept = is_one_of(xml.substr(name, name_end - name), kKept);
    out += xml.substr(taken, (kept ? end : value) - taken);
    if (!kept) out += kNotKept;
    taken = end;
  }
  return pseudonyms.of_text(out + xml.substr(taken));
}

std::string redacted_asset_tag(const std::string& tag, Pseudonyms& pseudonyms) {
  const bool of_ec2 = tag.starts_with("i-") || tag.starts_with("Amazon");
  return of_ec2 ? pseudonyms.of_text(tag) : kNotKept;
}

}  // namespace efa
