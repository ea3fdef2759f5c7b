// By which way the memory of a GPU can reach EFA: what modules and kernels do together.

#include "probes/gpu/ways.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace efa {
namespace {

const Unseen kDenied{"a file", "Permission denied", EACCES};

// What a node's drivers are, each as its file has it.
struct Drivers {
  const char* nvidia;
  bool open;
  const char* kernel;
  const char* efa;
};

GpuFacts facts_of(const Drivers& drivers) {
  GpuFacts facts;
  facts.modules.nvidia = drivers.nvidia;
  facts.modules.efa = drivers.efa;
  facts.nvidia_open = drivers.open;
  facts.kernel_release = drivers.kernel;
  return facts;
}

TEST(GpuWays, DmabufTakesAnOpenDriverAKernelAndAnEfa) {
  struct Row {
    Drivers drivers;
    Way wanted;
  };
  const Row rows[] = {
      {{"580.95.05", true, "6.1.177", "3.1.0g"}, Way::kOpen},
      {{"580.95.05", false, "6.1.177", "3.1.0g"}, Way::kClosed},
      {{"535.183.01", true, "5.12.0", "1.16.0g"}, Way::kOpen},
      {{"535.183.01", true, "5.11.22", "1.16.0g"}, Way::kClosed},
      {{"535.183.01", true, "5.12.0", "1.15.2g"}, Way::kClosed},
      {{"535.183.01", true, "5.16.0", ""}, Way::kOpen},  // the kernel's own efa
      {{"535.183.01", true, "5.11.22", ""}, Way::kClosed},
      {{"535.183.01", true, "5.15.190", ""}, Way::kNotKnown},
      {{"580.95.05", true, "5.14.0-570.el9.x86_64", ""}, Way::kNotKnown},  // of a later kernel
      {{"580.95.05", true, "x", "3.1.0g"}, Way::kNotRead},
      {{"580.95.05", true, "6.1.177", "x"}, Way::kNotRead},
  };
  for (const Row& row : rows) {
    const WayIn way = nvidia_dmabuf(facts_of(row.drivers));
    EXPECT_EQ(way.way, row.wanted) << row.drivers.kernel << " " << row.drivers.efa;
    EXPECT_FALSE(way.why.empty());
  }
  GpuFacts facts = facts_of({"580.95.05", true, "6.1.177", "3.1.0g"});
  facts.nvidia_open = kDenied;
  EXPECT_EQ(nvidia_dmabuf(facts).way, Way::kNotRead);
}

TEST(GpuWays, AnEfaThatIsNoModuleIsTheKernelsOwn) {
  GpuFacts facts = facts_of({"580.95.05", true, "6.1.177", ""});
  facts.modules.efa.reset();
  EXPECT_EQ(nvidia_p2p(facts).way, Way::kClosed);
  EXPECT_EQ(nvidia_dmabuf(facts).way, Way::kOpen);
  facts.modules.efa = kDenied;
  EXPECT_EQ(nvidia_p2p(facts).way, Way::kNotRead);
  EXPECT_EQ(nvidia_dmabuf(facts).way, Way::kNotRead);
}

Way p2p(const char* nvidia, const char* efa, const Reading<PeerMemory>& attribute) {
  GpuFacts facts = facts_of({nvidia, true, "6.1.177", efa});
  facts.p2p = attribute;
  return nvidia_p2p(facts).way;
}

PeerMemory says(const char* provider, const char* attribute = "p2p") {
  return {{0, 6, 0, 0}, attribute, provider};
}

TEST(GpuWays, P2pTakesAProviderOfPagesThatEfaKnows) {
  EXPECT_EQ(p2p("575.64.05", "2.15.3g", says("NVIDIA")), Way::kOpen);
  EXPECT_EQ(p2p("580.65.06", "2.17.2g", says("NVIDIA")), Way::kClosed);
  EXPECT_EQ(p2p("580.65.06", "2.17.3g", says("NVIDIA")), Way::kOpen);
  EXPECT_EQ(p2p("535.104.12", "2.17.3g", says("NVIDIA peermem")), Way::kOpen);
  EXPECT_EQ(p2p("580.65.06", "3.1.0g", says("")), Way::kClosed);
  EXPECT_EQ(p2p("580.65.06", "3.1.0g", says("NEURON")), Way::kClosed);
  EXPECT_EQ(p2p("525.60.13", "2.5.0g", says("1", "gdr")), Way::kOpen);
  EXPECT_EQ(p2p("525.60.13", "2.5.0g", says("0", "gdr")), Way::kClosed);
  EXPECT_EQ(p2p("580.65.06", "2.5.0g", says("1", "gdr")), Way::kClosed);
}

TEST(GpuWays, P2pOfWhichTooLittleIsSeenIsNotKnown) {
  EXPECT_EQ(p2p("580.65.06", "3.1.0g", kDenied), Way::kNotRead);
  EXPECT_EQ(p2p("x", "3.1.0g", says("NVIDIA")), Way::kNotRead);
  EXPECT_EQ(p2p("580.65.06", "x", says("NVIDIA")), Way::kNotRead);
  EXPECT_EQ(p2p("580.65.06", "2.13.0a", says("NVIDIA")), Way::kNotKnown) << "Amazon Linux's own";
  EXPECT_EQ(p2p("580.65.06", "2.13.0a", std::nullopt), Way::kNotKnown);
  EXPECT_EQ(p2p("580.65.06", "", std::nullopt), Way::kClosed) << "the kernel's own has none";
  EXPECT_EQ(p2p("580.65.06", "3.1.0g", std::nullopt), Way::kClosed) << "built without it";
}

TEST(GpuWays, NeuronTakesNoNumberOfNvidias) {
  GpuFacts facts = facts_of({"", true, "5.15.0", "1.16.0g"});
  EXPECT_EQ(neuron_dmabuf(facts).way, Way::kOpen);
  facts.kernel_release = "5.14.21";
  EXPECT_EQ(neuron_dmabuf(facts).way, Way::kClosed);
  facts.kernel_release = kDenied;
  EXPECT_EQ(neuron_dmabuf(facts).way, Way::kNotRead);
  facts.p2p = says("NEURON");
  EXPECT_EQ(neuron_p2p(facts).way, Way::kOpen);
  facts.p2p = says("NVIDIA");
  EXPECT_EQ(neuron_p2p(facts).way, Way::kClosed);
  facts.p2p = kDenied;
  EXPECT_EQ(neuron_p2p(facts).way, Way::kNotRead);
}

}  // namespace
}  // namespace efa
