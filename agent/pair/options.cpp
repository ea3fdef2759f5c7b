#include "agent/pair/options.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/text.h"

namespace efa {
namespace {

constexpr const char* kSizes = "--sizes";

uint64_t unit_of(char letter) {
  if (letter == 'K' || letter == 'k') return 1024;
  if (letter == 'M' || letter == 'm') return uint64_t{1024} * 1024;
  return 0;
}

Result<uint64_t> parse_size(std::string_view text) {
  const std::string quoted = fmt::format("'{}'", text);
  const uint64_t unit = text.empty() ? 0 : unit_of(text.back());
  if (unit > 0) text.remove_suffix(1);
  const auto number = parse_number<uint32_t>(text);
  if (!number) return malformed(kSizes, quoted + " is no number of bytes, as 64, 8K or 1M");
  const uint64_t bytes = *number * std::max<uint64_t>(unit, 1);
  if (bytes == 0 || bytes > kMostPairBytes) return malformed(kSizes, quoted + " is not 1 to 8M");
  return bytes;
}

}  // namespace

Result<std::vector<uint64_t>> parse_pair_sizes(const std::vector<std::string>& sizes) {
  std::vector<uint64_t> all;
  for (const std::string& text : sizes) {
    const Result<uint64_t> bytes = parse_size(text);
    if (!bytes) return bytes.error();
    all.push_back(*bytes);
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  if (all.empty()) return malformed(kSizes, "there is none");
  if (all.size() > kMostPairSizes) return malformed(kSizes, "more than 16");
  return all;
}

Result<Done> check_options(const PairOptions& options) {
  const bool client = options.role == "client";
  if (!client && options.role != "server") {
    return malformed("pair", "it is 'pair server' or 'pair client HOST'");
  }
  if (client && options.host.empty()) return malformed("pair client", "of which HOST?");
  if (!client && !options.host.empty()) {
    return malformed("pair server", "it takes no HOST: --bind says at which address it listens");
  }
  if (options.compare && options.engine == kVerbsEngine) {
    return malformed("pair client", "--compare is with libfabric: leave out --engine verbs");
  }
  const Result<std::vector<uint64_t>> sizes = parse_pair_sizes(options.sizes);
  if (!sizes) return sizes.error();
  return Done{};
}

}  // namespace efa
