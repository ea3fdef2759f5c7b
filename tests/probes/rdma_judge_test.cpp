// What is said of RDMA devices, their counters and their device nodes.

#include <gtest/gtest.h>

#include <cerrno>

#include "tests/support/check_case.h"

namespace efa {
namespace {

void fail_counters(Scene& scene) {
  Counters& counters = scene.node.rdma.facts.counters.at(0);
  counters.port.clear();
  counters.error = ENODEV;
  counters.error_file = "/sys/class/infiniband/rdmap155s0/ports/1/hw_counters/tx_bytes";
  counters.error_text = "No such device";
}

void name_by_kernel(Scene& scene) {
  scene.rdma(0).name = "efa_0";
}

UverbsNode& uverbs(Scene& scene) {
  return *scene.rdma(0).uverbs;
}

}  // namespace

CheckCases rdma_cases() {
  return {
      {"rdma.not-registered", kFail, device(1), [](Scene& s) { lose_rdma(s, 1); }},
      {"rdma.not-registered", kUnknown, device(1),
       [](Scene& s) { silence(s.node.rdma, ProbeStatus::kCrashed); }},
      {"rdma.counters-hang", kFail, device(0), [](Scene& s) { hang(s, 0); }},
      {"rdma.counters-hang", kUnknown, device(0),
       [](Scene& s) { s.node.rdma.facts.asked.clear(); }},
      {"rdma.counters-slow", kUnknown, device(0),
       [](Scene& s) { s.node.rdma.facts.asked.at(0).status = AskedStatus::kSlow; }},
      {"rdma.counters-fail", kFail, device(0), fail_counters},
      {"rdma.counters-fail", kUnknown, device(0),
       [](Scene& s) {
         s.node.rdma.facts.counters.at(0).port.clear();
         s.verbs(0).failed = VerbsStep{"ibv_open_device", EINVAL, "any words"};
         s.fabric().devices.clear();
       }},
      {"rdma.counter-unreadable", kUnknown, device(0),
       [](Scene& s) {
         s.node.rdma.facts.counters.at(0).unseen = {{"hw_counters/cmds_err", "is not a number", 0}};
       }},
      {"rdma.no-gid", kFail, device(0),
       [](Scene& s) {
         s.rdma(0).gid = "0000:0000:0000:0000:0000:0000:0000:0000";
         s.rdma(0).mac.reset();
       }},
      {"rdma.no-gid", kUnknown, device(0),
       [](Scene& s) {
         s.rdma(0).gid = "zz";
         s.rdma(0).mac.reset();
       }},
      {"rdma.no-gid", kUnknown, device(0),
       [](Scene& s) {
         s.rdma(0).gid.reset();
         s.rdma(0).mac.reset();
       }},
      {"rdma.foreign-devices", kFail, kNodeSubject,
       [](Scene& s) {
         s.node.rdma.facts.foreign = {"mlx5_0"};
         drop_fabric(s);
       }},
      {"rdma.foreign-devices", kUnknown, kNodeSubject,
       [](Scene& s) { silence(s.node.rdma, ProbeStatus::kTimedOut); }},
      {"rdma.foreign-devices", kPass, kNodeSubject,
       [](Scene& s) { s.node.rdma.facts.foreign = {"mlx5_0"}; }},
      {"rdma.name-not-persistent", kFail, device(0),
       [](Scene& s) {
         name_by_kernel(s);
         s.node.software.facts.rename_rule =
             "/usr/lib/udev/rules.d/60-rdma-persistent-naming.rules";
       }},
      {"rdma.name-not-persistent", kUnknown, device(0),
       [](Scene& s) {
         name_by_kernel(s);
         silence(s.node.software, ProbeStatus::kCrashed);
       }},
  };
}

CheckCases node_cases() {
  return {
      {"node.missing", kFail, device(0), [](Scene& s) { uverbs(s).present = false; }},
      {"node.missing", kUnknown, device(0),
       [](Scene& s) {
         s.rdma(0).uverbs = Unseen{"a directory", "any words", EACCES};
       }},
      {"node.not-given", kFail, kNodeSubject,
       [](Scene& s) {
         s.expectation.given = Given{"docker", 4, 8};
         s.expectation.exactly = 8;
       }},
      {"node.not-given", kNotApplicable, kNodeSubject,
       [](Scene& s) {
         s.expectation.given = Given{"docker", 4, 8};
       }},
      {"node.not-given", kPass, kNodeSubject,
       [](Scene& s) {
         s.expectation.given = Given{"docker", 4, 8};
         s.expectation.exactly = 4;
       }},
      {"node.wrong-number", kFail, device(0), [](Scene& s) { uverbs(s).number = "231:200"; }},
      {"node.wrong-number", kUnknown, device(0), [](Scene& s) { uverbs(s).number.reset(); }},
      {"node.cannot-open", kFail, device(0),
       [](Scene& s) {
         uverbs(s).open_errno = EPERM;
         uverbs(s).open_error = "Operation not permitted";
       }},
      {"node.cannot-open", kUnknown, device(0), [](Scene& s) { uverbs(s).open_errno.reset(); }},
      {"node.restricted-mode", kFail, device(0), [](Scene& s) { uverbs(s).mode = 0660; }},
      {"node.restricted-mode", kUnknown, device(0), [](Scene& s) { uverbs(s).mode.reset(); }},
  };
}

namespace {

TEST(Rdma, ADeviceBehindTheStepThatHungIsNotLost) {
  Scene scene = healthy_scene();
  lose_rdma(scene, 3);
  EXPECT_EQ(result_of(scene, "rdma.not-registered", device(3)), kFail);
  scene.node.rdma.outcome.status = ProbeStatus::kTimedOut;
  EXPECT_EQ(result_of(scene, "rdma.not-registered", device(3)), kUnknown);
  EXPECT_EQ(result_of(scene, "rdma.not-registered", device(2)), kPass);
}

TEST(Rdma, OneHungDeviceLeavesItsNeighboursWell) {
  Scene scene = healthy_scene();
  hang(scene, 1);
  for (size_t i = 0; i < 4; ++i) {
    const auto wanted = i == 1 ? kFail : kPass;
    EXPECT_EQ(result_of(scene, "rdma.counters-hang", device(i)), wanted) << i;
    EXPECT_EQ(result_of(scene, "verbs.hang", device(i)), wanted) << i;
  }
}

TEST(Rdma, AnAskingProcessThatCrashedSaysNothing) {
  Scene scene = healthy_scene();
  scene.node.rdma.facts.asked.at(2).status = AskedStatus::kCrashed;
  EXPECT_EQ(result_of(scene, "rdma.counters-hang", device(2)), kUnknown);
}

// p6-b200 has two ConnectX beside its EFA devices.
TEST(Rdma, DevicesOfOthersBesideAnEfaThatWorksAreNoFault) {
  Scene scene = healthy_scene();
  scene.node.rdma.facts.foreign = {"ibp115s0f0", "ibp116s0f0"};
  EXPECT_EQ(result_of(scene, "rdma.foreign-devices", kNodeSubject), kPass);
  scene.node.fabric.clear();
  EXPECT_EQ(result_of(scene, "rdma.foreign-devices", kNodeSubject), kPass);
  scene = healthy_scene(0);  // p6e-gb300r: its fabric is RoCE
  scene.node.rdma.facts.foreign = {"mlx5_0"};
  drop_fabric(scene);
  EXPECT_EQ(result_of(scene, "rdma.foreign-devices", kNodeSubject), kPass);
}

TEST(Rdma, ADeviceOfWhichItCouldNotBeReadWhetherItIsEfaIsNotForeign) {
  Scene scene = healthy_scene();
  scene.node.rdma.facts.unidentified = {"rdmap155s0"};
  scene.node.rdma.facts.foreign = {"mlx5_0"};
  EXPECT_EQ(result_of(scene, "rdma.foreign-devices", kNodeSubject), kUnknown);
}

TEST(Rdma, WithoutADriverItIsNotAskedFor) {
  Scene scene = healthy_scene();
  lose_rdma(scene, 0);
  scene.pci(0).driver.reset();
  EXPECT_EQ(result_of(scene, "rdma.not-registered", device(0)), kNotApplicable);
}

TEST(Rdma, AKernelNameIsFineWhereNothingRenames) {
  Scene scene = healthy_scene();
  name_by_kernel(scene);
  EXPECT_EQ(result_of(scene, "rdma.name-not-persistent", device(0)), kNotApplicable);
}

TEST(Rdma, OnlyWhatTheDriverSaysOfTheDeviceBlamesIt) {
  for (const int error : {ENODEV, ENXIO, EIO, ETIME, ETIMEDOUT}) {
    Scene scene = healthy_scene();
    fail_counters(scene);
    scene.node.rdma.facts.counters.at(0).error = error;
    EXPECT_EQ(result_of(scene, "rdma.counters-fail", device(0)), kFail) << error;
  }
  for (const int error : {ENOMEM, EINVAL, EOPNOTSUPP, EAGAIN, EINTR, ENOSPC}) {
    Scene scene = healthy_scene();
    fail_counters(scene);
    scene.node.rdma.facts.counters.at(0).error = error;
    EXPECT_EQ(result_of(scene, "rdma.counters-fail", device(0)), kPass)
        << "libibverbs was answered";
    scene.verbs(0).failed = VerbsStep{"ibv_open_device", error, "any words"};
    scene.fabric().devices.clear();
    EXPECT_EQ(result_of(scene, "rdma.counters-fail", device(0)), kUnknown) << error;
  }
}

TEST(Rdma, ASingleCounterSaysNothingOfTheDevice) {
  Scene scene = healthy_scene();
  scene.node.rdma.facts.counters.at(0).unseen = {{"ports/1/hw_counters/tx_bytes", "x", EACCES}};
  EXPECT_EQ(result_of(scene, "rdma.counters-fail", device(0)), kPass);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
}

// Every network namespace but the first.
TEST(Rdma, WhereTheKernelShowsNoCountersNoneIsMissed) {
  Scene scene = healthy_scene();
  for (Counters& counters : scene.node.rdma.facts.counters) {
    Counters hidden;
    hidden.address = counters.address;
    hidden.shown = false;
    counters = hidden;
  }
  EXPECT_EQ(result_of(scene, "rdma.counters-fail", device(0)), kNotApplicable);
  EXPECT_EQ(result_of(scene, "rdma.counters-hang", device(0)), kNotApplicable);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  scene.verbs(1).failed = VerbsStep{"ibv_open_device", ENODEV, "No such device"};
  EXPECT_EQ(diagnose(scene).root_causes, std::vector<std::string>{"verbs.cannot-open"});
  scene.node.rdma.facts.counters.at(2).shown = true;
  scene.verbs(0).failed = VerbsStep{"ibv_open_device", ENODEV, "No such device"};
  scene.fabric().devices.clear();
  EXPECT_EQ(result_of(scene, "rdma.counters-fail", device(0)), kUnknown) << "others have theirs";
}

TEST(Node, AGroupOfItsOwnMayBeMeant) {
  Scene scene = healthy_scene();
  uverbs(scene).mode = 0660;
  uverbs(scene).group = 2001;
  EXPECT_EQ(result_of(scene, "node.restricted-mode", device(0)), kPass);
  EXPECT_EQ(diagnose(scene).verdict, Verdict::kHealthy);
  uverbs(scene).group = 0;
  EXPECT_EQ(result_of(scene, "node.restricted-mode", device(0)), kFail);
  uverbs(scene).group = 2001;
  for (const int mode : {0600, 0640, 0620}) {
    uverbs(scene).mode = mode;
    EXPECT_EQ(result_of(scene, "node.restricted-mode", device(0)), kFail) << mode;
  }
}

TEST(Node, ADeviceWithoutUverbsHasNoNode) {
  Scene scene = healthy_scene();
  scene.rdma(0).uverbs.reset();
  EXPECT_EQ(result_of(scene, "node.missing", device(0)), kFail);
}

TEST(Node, AFileInItsPlaceIsTheWrongThing) {
  Scene scene = healthy_scene();
  uverbs(scene).character_device = false;
  EXPECT_EQ(result_of(scene, "node.wrong-number", device(0)), kFail);
}

TEST(Node, ASysrootsNodesAreNeverOpened) {
  Scene scene = healthy_scene();
  scene.node.live = false;
  uverbs(scene).open_errno = EPERM;
  EXPECT_EQ(result_of(scene, "node.cannot-open", device(0)), kNotApplicable);
  uverbs(scene).character_device = false;  // of a copied tree only root can make the nodes
  EXPECT_EQ(result_of(scene, "node.wrong-number", device(0)), kNotApplicable);
}

}  // namespace
}  // namespace efa
