#include "probes/protocol/probe_main.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string_view>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr int kExitUsage = 64;

struct Arguments {
  std::string sysroot = "/";
  std::string host_root;
  std::string replay;
  bool record = false;
  int deadline_ms = 9000;
  int device_deadline_ms = 5000;
  std::set<std::string> skip;
  std::map<std::string, std::string> options;
};

bool parse_arguments(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--record") {
      arguments.record = true;
      continue;
    }
    if (++i >= argc) return false;
    const std::string value = argv[i];
    if (name == "--sysroot") {
      arguments.sysroot = value;
    } else if (name == "--host-root") {
      arguments.host_root = value;
    } else if (name == "--replay") {
      arguments.replay = value;
    } else if (name == "--skip") {
      arguments.skip.insert(value);
    } else if (name == "--deadline-ms") {
      arguments.deadline_ms = parse_number<int>(value).value_or(arguments.deadline_ms);
    } else if (name == "--device-deadline-ms") {
      arguments.device_deadline_ms =
          parse_number<int>(value).value_or(arguments.device_deadline_ms);
    } else if (name == "--option" && value.find('=') != std::string::npos) {
      const size_t equals = value.find('=');
      arguments.options[value.substr(0, equals)] = value.substr(equals + 1);
    } else {
      return false;
    }
  }
  return true;
}

Result<Sysroot> open_root(const Arguments& arguments) {
  if (arguments.replay.empty()) return Sysroot::open(arguments.sysroot, arguments.host_root);
  std::ifstream file(arguments.replay);
  std::stringstream looks;
  looks << file.rdbuf();
  return Sysroot::replay(looks.str());
}

}  // namespace

int probe_main(int argc, char** argv, void (*read)(const Look&)) {
  Arguments arguments;
  if (!parse_arguments(argc, argv, arguments)) {
    std::fprintf(
        stderr,
        "usage: %s [--sysroot DIR] [--host-root DIR] [--deadline-ms N] [--record] [--replay FILE] "
        "[--skip SUBJECT] [--option NAME=VALUE]\n",
        argv[0]);
    return kExitUsage;
  }
  Result<Sysroot> root = open_root(arguments);
  if (!root) {
    std::fprintf(stderr, "%s\n", message_of(root.error()).c_str());
    return kExitUsage;
  }
  const Emitter out(STDOUT_FILENO);
  if (arguments.record) {
    root->record_to([&out](Value look) {
      Value line;
      line.set("look", std::move(look));
      out.line(line);
    });
  }
  const auto now = std::chrono::steady_clock::now();
  read({*root, out, now + std::chrono::milliseconds(arguments.deadline_ms),
        now + std::chrono::milliseconds(arguments.device_deadline_ms), arguments.skip,
        arguments.options});
  out.done();
  return 0;
}

}  // namespace efa
