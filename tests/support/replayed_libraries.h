// Libraries that give the answers of a test, in place of those that ask devices.
#pragma once

#include <functional>
#include <map>

#include "probes/fabric/library.h"
#include "probes/verbs/library.h"

namespace efa {

// Before each call, with its name: to see what was said until then, or to crash in it.
using AtCall = std::function<void(const std::string&)>;

// What a device answers (synthetic): an EFA of a p4d.24xlarge.
struct VerbsAnswers {
  std::optional<Error> open_fails;
  Result<VerbsAttributes> device =
      VerbsAttributes{0xefa1, 0xefa1, "0.0.0.0", 256, 512, 65536, 0x100000000};
  Result<VerbsPort> port = VerbsPort{4, 8928};
  Result<GidBytes> gid =
      GidBytes{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x04, 0x8f, 0x94, 0xff, 0xfe, 0x25, 0x36, 0x13};
  Result<EfaAttributes> efa = EfaAttributes{4096, 32768, 32, 0x40000000, 0b11};
};

class ReplayedContext final : public VerbsContext {
 public:
  ReplayedContext(const VerbsAnswers& answers, const AtCall& at_call)
      : answers_(answers), at_call_(at_call) {}
  ReplayedContext(const ReplayedContext&) = delete;
  ReplayedContext& operator=(const ReplayedContext&) = delete;
  ~ReplayedContext() override { at_call_("ibv_close_device"); }

  Result<VerbsAttributes> query_device() override {
    at_call_("ibv_query_device");
    return answers_.device;
  }
  Result<VerbsPort> query_port() override {
    at_call_("ibv_query_port");
    return answers_.port;
  }
  Result<GidBytes> query_gid() override {
    at_call_("ibv_query_gid");
    return answers_.gid;
  }
  Result<EfaAttributes> query_efa() override {
    at_call_("efadv_query_device");
    return answers_.efa;
  }

 private:
  const VerbsAnswers& answers_;
  const AtCall& at_call_;
};

struct ReplayedVerbs final : VerbsLibrary {
  ReplayedVerbs() = default;
  ReplayedVerbs(const std::string& name, VerbsAnswers answers) {
    devices[name] = std::move(answers);
  }

  std::optional<std::string> path = "/usr/lib64/libibverbs.so.1";
  std::optional<Error> list_fails;
  std::map<std::string, VerbsAnswers> devices;
  AtCall at_call = [](const std::string&) {};

  [[nodiscard]] std::optional<std::string> file() const override { return path; }
  Result<std::vector<std::string>> list() override {
    at_call("ibv_get_device_list");
    if (list_fails) return *list_fails;
    std::vector<std::string> names;
    for (const auto& [name, answers] : devices) names.push_back(name);
    return names;
  }
  Result<std::unique_ptr<VerbsContext>> open(const std::string& name) override {
    at_call("ibv_open_device");
    const VerbsAnswers& answers = devices.at(name);
    if (answers.open_fails) return *answers.open_fails;
    return std::unique_ptr<VerbsContext>(new ReplayedContext(answers, at_call));
  }
};

struct ReplayedFabric final : FabricLibrary {
  std::optional<std::string> path = "/opt/amazon/efa/lib64/libfabric.so.1";
  FabricAnswer answer;
  AtCall at_call = [](const std::string&) {};

  [[nodiscard]] std::optional<std::string> file() const override { return path; }
  [[nodiscard]] std::string version() const override { return "2.1"; }
  FabricAnswer get_info() override {
    at_call("fi_getinfo");
    return answer;
  }
  std::optional<bool> provider = true;
  std::optional<bool> has_provider() override { return provider; }
};

}  // namespace efa
