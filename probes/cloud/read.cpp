// probe-cloud: looks at DMI and asks the instance metadata service (version 2, never 1) what AWS
// gave this instance. Interface: EC2 User Guide, "Instance metadata categories".
// It is asked on EC2, or where the configuration names an endpoint; never for a sysroot.

#include "probes/cloud/read.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <iterator>

#include "probes/aws/metadata.h"
#include "probes/base/describe.h"
#include "probes/base/private_memory.h"
#include "probes/base/text.h"
#include "probes/cloud/facts.h"
#include "probes/protocol/telling.h"

namespace efa {
namespace {

constexpr const char* kInterfaces = "network/interfaces/macs/";

void read_dmi(const Look& look, CloudFacts& facts) {
  const std::string directory = "/sys/class/dmi/id/";
  facts.dmi_vendor = look.root.text(directory + "sys_vendor");
  facts.dmi_product = look.root.text(directory + "product_name");
  facts.dmi_asset_tag = look.root.text(directory + "board_asset_tag");
  if (facts.dmi_vendor) facts.on_ec2 = *facts.dmi_vendor == "Amazon EC2";
  if (facts.on_ec2 != true) return;
  if (facts.dmi_product && facts.dmi_product->find('.') != std::string::npos) {
    facts.instance_type = facts.dmi_product;
    facts.instance_type_source = "dmi";
  }
  if (facts.dmi_asset_tag && facts.dmi_asset_tag->starts_with("i-")) {
    facts.instance_id = facts.dmi_asset_tag;
  }
}

// One session: what could not be had ends it, what there is none of does not.
class Questions {
 public:
  explicit Questions(Metadata& metadata) : metadata_(metadata) {}

  std::optional<std::string> text(const std::string& path) {
    if (error_) return std::nullopt;
    return taken(metadata_.get(path));
  }

  // {"action": "terminate", "time": "2026-11-28T08:22:00Z"} -> "terminate at 2026-11-28T08:22:00Z"
  std::optional<std::string> action(const std::string& path) {
    if (error_) return std::nullopt;
    const auto document = taken(metadata_.get_document(path));
    if (!document) return std::nullopt;
    const Result<Value> value = parse_json(*document, path);
    const std::string words = value ? value->text("action") + " at " + value->text("time") : "";
    const bool whole = words.size() > 4 && is_metadata_text(words);
    return taken(whole ? Result<std::string>(words)
                       : Error{ErrorKind::kMalformed, path, "the answer names no action"});
  }

  std::optional<int> number(const std::string& path) {
    const auto answer = text(path);
    return answer ? parse_number<int>(*answer) : std::nullopt;
  }

  std::vector<std::string> list(const std::string& path) {
    const auto answer = text(path);
    return answer ? words(*answer) : std::vector<std::string>();
  }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  std::optional<std::string> taken(const Result<std::string>& answer) {
    if (answer) return *answer;
    if (answer.error().os_error != ENOENT) error_ = answer.error();
    return std::nullopt;
  }

  Metadata& metadata_;
  std::optional<Error> error_;
};

// What the pass before was told, and no API call changes while the instance runs.
std::optional<CloudFacts> known_metadata(const Look& look) {
  const auto option = look.options.find("known-metadata");
  if (option == look.options.end()) return std::nullopt;
  const Result<Value> value = parse_json(option->second, option->first);
  const Result<CloudFacts> facts =
      value ? from_value<CloudFacts>(*value, option->first) : Result<CloudFacts>(value.error());
  return facts ? std::optional(*facts) : std::nullopt;
}

const CloudInterface* find_interface(const CloudFacts& facts, const std::string& mac) {
  const auto found =
      std::find_if(facts.interfaces.begin(), facts.interfaces.end(),
                   [&](const CloudInterface& interface) { return interface.mac == mac; });
  return found == facts.interfaces.end() ? nullptr : &*found;
}

void read_placement(Questions& questions, CloudFacts& facts) {
  if (const auto type = questions.text("instance-type")) {
    facts.instance_type = type;
    facts.instance_type_source = "metadata";
  }
  facts.region = questions.text("placement/region");
  facts.availability_zone = questions.text("placement/availability-zone");
  facts.availability_zone_id = questions.text("placement/availability-zone-id");
  facts.placement_group = questions.text("placement/group-name");
  facts.life_cycle = questions.text("instance-life-cycle");
}

void take_placement(const CloudFacts& known, CloudFacts& facts) {
  facts.instance_type = known.instance_type;
  facts.instance_type_source = known.instance_type_source;
  facts.region = known.region;
  facts.availability_zone = known.availability_zone;
  facts.availability_zone_id = known.availability_zone_id;
  facts.placement_group = known.placement_group;
  facts.life_cycle = known.life_cycle;
}

// Of another instance nothing is known any more.
void read_instance(Questions& questions, std::optional<CloudFacts>& known, CloudFacts& facts) {
  if (const auto id = questions.text("instance-id")) facts.instance_id = id;
  if (known && known->instance_id != facts.instance_id) known.reset();
  if (known) {
    take_placement(*known, facts);
  } else {
    read_placement(questions, facts);
  }
  if (facts.life_cycle == "spot") facts.spot_action = questions.action("spot/instance-action");
  const auto roles = questions.list("iam/security-credentials/");
  if (!roles.empty()) facts.role_name = roles.front();
}

CloudInterface read_interface(Questions& questions, const std::string& entry,
                              const std::optional<CloudFacts>& known) {
  CloudInterface interface;
  interface.mac = entry.substr(0, entry.find('/'));
  const CloudInterface* before = known ? find_interface(*known, interface.mac) : nullptr;
  if (before != nullptr && !before->interface_id) before = nullptr;  // it was being attached
  if (before != nullptr) interface = *before;
  const std::string path = kInterfaces + interface.mac + "/";
  // what an interface has is listed, so that nothing is asked that there is none of
  const std::vector<std::string> items = questions.list(path);
  const auto has = [&](const char* item) {
    return std::find(items.begin(), items.end(), item) != items.end();
  };
  interface.has_ipv4 = has("local-ipv4s");
  interface.has_ipv6 = has("ipv6s");
  if (!interface.has_ipv4) {
    interface.ipv4s.clear();
  } else if (interface.ipv4s.empty()) {
    interface.ipv4s = questions.list(path + "local-ipv4s");
  }
  interface.security_group_ids = questions.list(path + "security-group-ids");
  if (before != nullptr) return interface;
  interface.interface_id = questions.text(path + "interface-id");
  interface.device_number = questions.number(path + "device-number");
  if (has("network-card")) interface.network_card = questions.number(path + "network-card");
  interface.subnet_id = questions.text(path + "subnet-id");
  interface.vpc_id = questions.text(path + "vpc-id");
  return interface;
}

struct InterfacesPart {
  std::vector<CloudInterface> interfaces;
  std::optional<Error> error;
};

// Each `step`th of them from `first` on, over one connection. What it could not have ends its part.
InterfacesPart read_some(Metadata& metadata, const std::vector<std::string>& entries,
                         const std::optional<CloudFacts>& known, size_t first, size_t step) {
  Questions questions(metadata);
  InterfacesPart part;
  for (size_t i = first; i < entries.size(); i += step) {
    CloudInterface interface = read_interface(questions, entries[i], known);
    if (questions.error()) break;
    part.interfaces.push_back(std::move(interface));
  }
  part.error = questions.error();
  return part;
}

// Two to eight questions for each of up to 32 interfaces: where they are many, over a few
// connections at once, since the time goes into waiting.
std::optional<Error> read_interfaces(Metadata& metadata, const std::vector<std::string>& entries,
                                     const std::optional<CloudFacts>& known, CloudFacts& facts) {
  constexpr size_t kMostConnections = 6;
  constexpr size_t kQuestionsOfOne = 8;
  const size_t questions = entries.size() * (known ? 2 : 8);
  const size_t connections = std::clamp(questions / kQuestionsOfOne, size_t{1}, kMostConnections);
  std::vector<std::future<InterfacesPart>> others;
  for (size_t first = 1; first < connections; ++first) {
    others.push_back(std::async(std::launch::async, [&, first] {
      Metadata own = metadata.another_connection();
      return read_some(own, entries, known, first, connections);
    }));
  }
  std::vector<InterfacesPart> parts{read_some(metadata, entries, known, 0, connections)};
  for (std::future<InterfacesPart>& other : others) parts.push_back(other.get());
  std::optional<Error> error;
  for (InterfacesPart& part : parts) {
    if (part.error) error = part.error;
    std::move(part.interfaces.begin(), part.interfaces.end(), std::back_inserter(facts.interfaces));
  }
  std::sort(facts.interfaces.begin(), facts.interfaces.end(),
            [](const CloudInterface& a, const CloudInterface& b) { return a.mac < b.mac; });
  return error;
}

// SageMaker HyperPod calls its types ml.p5.48xlarge
void take_prefix_off(std::optional<std::string>& type) {
  if (type && type->starts_with("ml.")) type = type->substr(3);
}

std::optional<Error> ask(const Look& look, Metadata& metadata, CloudFacts& facts,
                         Telling<CloudFacts>& telling) {
  look.out.doing("ask the metadata service", "the instance");
  Questions questions(metadata);
  std::optional<CloudFacts> known = known_metadata(look);
  read_instance(questions, known, facts);
  take_prefix_off(facts.instance_type);
  telling.so_far(facts);
  std::vector<std::string> entries = questions.list(kInterfaces);
  if (questions.error()) return questions.error();
  constexpr size_t kMaxInterfaces = 256;
  if (entries.size() > kMaxInterfaces) entries.resize(kMaxInterfaces);
  look.out.doing("ask the metadata service", "the interfaces");
  return read_interfaces(metadata, entries, known, facts);
}

MetadataStatus status_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kTimedOut:
      return MetadataStatus::kSlow;
    case ErrorKind::kDenied:
      return MetadataStatus::kDenied;
    case ErrorKind::kMalformed:
      return MetadataStatus::kMalformed;
    case ErrorKind::kNotFound:
      return MetadataStatus::kAbsent;
    default:
      return error.os_error == EAGAIN ? MetadataStatus::kThrottled : MetadataStatus::kFailing;
  }
}

// As the dynamic loader ends an executable: the metadata service is not to blame.
[[noreturn]] void end_without_library(const Error& error) {
  constexpr int kExitLoader = 127;
  std::fprintf(stderr, "error while loading shared libraries: %s\n", error.what.c_str());
  std::_Exit(kExitLoader);
}

void ask_metadata(const Look& look, const std::string& endpoint, CloudFacts& facts,
                  Telling<CloudFacts>& telling) {
  constexpr int kDefaultBudgetMs = 1000;
  const auto budget = look.options.find("imds-budget-ms");
  const int budget_ms = budget == look.options.end()
                            ? kDefaultBudgetMs
                            : parse_number<int>(budget->second).value_or(kDefaultBudgetMs);
  const auto module = look.options.find("http-module");
  const Result<MakeHttp> http = load_http(module == look.options.end() ? "" : module->second);
  if (!http) end_without_library(http.error());
  // from here on: that a library comes late from disk is not the service's slowness
  const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds(budget_ms);
  Metadata metadata(endpoint, std::min(look.deadline, limit), *http);
  // of an endpoint with a name and a password in it only the server is told
  look.out.doing("ask the metadata service for a token",
                 endpoint.substr(endpoint.rfind('@') + 1));  // npos + 1 is 0
  const Result<Done> session = metadata.start_session();
  facts.metadata_session = session.ok();
  const std::optional<Error> error =
      session ? ask(look, metadata, facts, telling) : std::optional(session.error());
  facts.metadata_status = error ? status_of(*error) : MetadataStatus::kOk;
  if (error) facts.metadata_detail = message_of(*error);
}

}  // namespace

void read_cloud(const Look& look) {
  keep_memory_private();  // it holds the session's token
  CloudFacts facts;
  Telling<CloudFacts> telling(look.out);
  look.out.doing("read DMI");
  read_dmi(look, facts);
  take_prefix_off(facts.instance_type);
  telling.so_far(facts);
  const auto endpoint = look.options.find("imds-endpoint");
  const bool named = endpoint != look.options.end();
  if (look.root.live() && (named || facts.on_ec2 == true)) {
    ask_metadata(look, named ? endpoint->second : kMetadataEndpoint, facts, telling);
  }
  telling.all(facts);
}

}  // namespace efa
