// Judges the root volume of each instance.

#include <fmt/core.h>

#include <map>

#include "probes/account/facts.h"
#include "probes/account/volume_checks.h"
#include "probes/judging/findings.h"

namespace efa {
namespace {

constexpr const char* kVolumesSource = "ec2:DescribeVolumes";

class VolumesJudge {
 public:
  VolumesJudge(const AccountFacts& facts, Findings& findings, const AccountWishes& wishes)
      : facts_(facts), findings_(findings), wishes_(wishes) {
    for (const AccountVolume& volume : facts.volumes) volumes_.emplace(volume.id, &volume);
  }

  void judge(const AccountInstance& instance) {
    if (!instance.root_volume) {
      for (const Check* check : kAccountVolumeChecks) {
        findings_.not_applicable(*check, instance.id, "AWS lists no EBS volume for its root");
      }
      return;
    }
    const auto found = volumes_.find(*instance.root_volume);
    if (found == volumes_.end()) return say_unseen(instance);
    judge_size(instance, *found->second);
    judge_encryption(instance, *found->second);
  }

 private:
  void say_unseen(const AccountInstance& instance);
  void judge_size(const AccountInstance& instance, const AccountVolume& volume);
  void judge_encryption(const AccountInstance& instance, const AccountVolume& volume);

  const AccountFacts& facts_;
  Findings& findings_;
  const AccountWishes& wishes_;
  std::map<std::string, const AccountVolume*> volumes_;
};

void VolumesJudge::say_unseen(const AccountInstance& instance) {
  const std::string why = why_not_whole(facts_, kVolumesSection);
  for (const Check* check : kAccountVolumeChecks) {
    findings_.unknown(*check, instance.id,
                      fmt::format("{} is not known: {}", *instance.root_volume,
                                  why.empty() ? "AWS does not list it" : why));
  }
}

void VolumesJudge::judge_size(const AccountInstance& instance, const AccountVolume& volume) {
  const Check& check = kAccountRootVolumeSmall;
  if (!volume.size_gib) {
    findings_.unknown(check, instance.id, fmt::format("the size of {} was not told", volume.id));
    return;
  }
  const Evidence evidence{fmt::format("{} GiB", *volume.size_gib),
                          fmt::format("{} GiB", wishes_.root_volume_gib), kVolumesSource};
  const std::string words =
      fmt::format("{} has {}, {} are recommended", volume.id, evidence.observed, evidence.expected);
  if (*volume.size_gib < 0.8 * wishes_.root_volume_gib) {
    findings_.fail(check, instance.id, words, evidence);
  } else {
    findings_.pass(check, instance.id, words, evidence);
  }
}

void VolumesJudge::judge_encryption(const AccountInstance& instance, const AccountVolume& volume) {
  const Check& check = kAccountRootVolumePlain;
  if (!volume.encrypted) {
    findings_.unknown(check, instance.id,
                      fmt::format("whether {} is encrypted was not told", volume.id));
  } else if (*volume.encrypted) {
    findings_.pass(check, instance.id, volume.id + " is encrypted");
  } else {
    findings_.fail(check, instance.id, volume.id + " is not encrypted",
                   {"encrypted false", "encrypted true", kVolumesSource});
  }
}

}  // namespace

void judge_account_volumes(const AccountFacts& facts, Findings& findings,
                           const AccountWishes& wishes) {
  VolumesJudge judge(facts, findings, wishes);
  for (const AccountInstance& instance : facts.instances) judge.judge(instance);
}

}  // namespace efa
