// Judges which of several copies of a library the loader gives to programs: the EFA installer has
// its libfabric in a directory of its own, and its rdma-core in that of the system, in the place of
// the distribution's.

#include "probes/software/copies_judge.h"

#include <fmt/core.h>

#include <algorithm>

#include "probes/base/releases.h"
#include "probes/base/text.h"
#include "probes/protocol/installer_files.h"
#include "probes/software/checks.h"

namespace efa {
namespace {

constexpr const char* kCache = "/etc/ld.so.cache";

std::string words_of(const LibraryCopy& copy) {
  return fmt::format("{} ({})", copy.path, copy.file);
}

// Of the copies of one library the one that the loader takes, and the EFA installer's; one copy may
// be both, and either may be missing.
struct Copies {
  const LibraryCopy* picked = nullptr;
  const LibraryCopy* of_installer = nullptr;

  [[nodiscard]] bool are_told() const { return picked != nullptr && of_installer != nullptr; }
  [[nodiscard]] std::string words() const {
    std::string taken = "the loader takes " + words_of(*picked);
    return picked == of_installer ? taken : taken + ", not " + words_of(*of_installer);
  }
};

template <class IsInstallers>
Copies copies_of(const SoftwareFacts& facts, std::string_view name,
                 const IsInstallers& is_installers) {
  Copies copies;
  for (const LibraryCopy& copy : facts.libraries) {
    if (copy.name != name) continue;
    if (copy.picked) copies.picked = &copy;
    const bool first = copies.of_installer == nullptr || copy.picked;
    if (is_installers(copy) && first) copies.of_installer = &copy;
  }
  return copies;
}

void judge_libfabric(const SoftwareFacts& facts, Findings& findings) {
  const Check& check = kSoftwareLibfabricOrder;
  const Copies copies = copies_of(facts, "libfabric.so.1", [](const LibraryCopy& copy) {
    return copy.path.starts_with(kInstallerFolder);
  });
  if (!copies.are_told()) {
    findings.not_applicable(check, kNodeSubject,
                            "no libfabric of the EFA installer, or none that the loader takes");
    return;
  }
  const Evidence evidence{copies.picked->path, copies.of_installer->path, kCache};
  if (copies.picked != copies.of_installer) {
    findings.fail(check, kNodeSubject, copies.words(), evidence);
  } else {
    findings.pass(check, kNodeSubject, copies.words(), evidence);
  }
}

// 58 of "rdma-core-58.amzn0-1", "rdma-core_58.0-1_amd64"
std::optional<int> installed_rdma_core(const SoftwareFacts& facts) {
  constexpr std::string_view kName = "rdma-core";
  for (const std::string& package : facts.installer_packages) {
    if (!package.starts_with(kName) || package.size() == kName.size()) continue;
    const std::string_view rest = std::string_view(package).substr(kName.size());
    if (rest.front() != '-' && rest.front() != '_') continue;
    const std::string_view version = rest.substr(1);
    const auto number = parse_number<int>(version.substr(0, version.find_first_of(".-_")));
    if (number) return number;
  }
  return std::nullopt;
}

// Each is made for the other of its rdma-core: nothing when a version is not known.
std::optional<bool> are_of_one(const LibraryCopy* verbs, const LibraryCopy* efa) {
  if (verbs == nullptr || efa == nullptr) return std::nullopt;
  const auto one = rdma_core_version(verbs->file);
  const auto other = rdma_core_version(efa->file);
  return one && other ? std::optional(one == other) : std::nullopt;
}

void judge_rdma_core(const SoftwareFacts& facts, Findings& findings) {
  const Check& check = kSoftwareRdmaCore;
  const std::optional<int> installed = installed_rdma_core(facts);
  const auto is_installers = [&](const LibraryCopy& copy) {
    return installed && rdma_core_version(copy.file) == installed;
  };
  const Copies verbs = copies_of(facts, "libibverbs.so.1", is_installers);
  const Copies efa = copies_of(facts, "libefa.so.1", is_installers);
  std::vector<std::string> wrong;
  std::vector<std::string> right;
  for (const Copies* copies : {&verbs, &efa}) {
    if (!copies->are_told()) continue;
    (copies->picked == copies->of_installer ? right : wrong).push_back(copies->words());
  }
  const std::optional<bool> one = are_of_one(verbs.picked, efa.picked);
  if (wrong.empty() && one == false) {
    wrong = {fmt::format("the loader takes {} and {}, of two versions of rdma-core",
                         words_of(*verbs.picked), words_of(*efa.picked))};
  }
  const Evidence evidence{join(wrong.empty() ? right : wrong, "; "),
                          "libibverbs and libefa of one rdma-core, the EFA installer's", kCache};
  if (!wrong.empty()) {
    findings.fail(check, kNodeSubject, join(wrong, "; "), evidence);
  } else if (!right.empty() || one == true) {
    findings.pass(check, kNodeSubject, "libibverbs and libefa are of one rdma-core", evidence);
  } else {
    findings.not_applicable(check, kNodeSubject,
                            "the loader takes no libibverbs or libefa whose version is known");
  }
}

}  // namespace

void judge_copies(const SoftwareFacts& facts, Findings& findings) {
  judge_libfabric(facts, findings);
  judge_rdma_core(facts, findings);
}

}  // namespace efa
