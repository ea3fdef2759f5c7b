// What was attached to the instance: too little, none on purpose, or another fabric.

#include "tests/reports/public_report.h"

namespace efa {
namespace {

Shape of_type(const char* type) {
  return [=](SyntheticNode& node) { node.instance_type = type; };
}

// aicr#1326
void give_roce_only(SyntheticNode& node) {
  node.instance_type = "p6e-gb300r.36xlarge";
  set_efa_count(node, 0);
  node.efa_loaded = true;
  for (const char* digit : {"0", "1", "2", "3", "4", "5", "6", "7"}) {
    const std::string domain = std::string("002") + digit;
    attach(node, "pci" + domain + ":00/" + domain + ":00:00.0/" + domain + ":01:00.0", "15b3:101e",
           "0x020000");
    node.functions.back().name = std::string("mlx5_") + digit;
  }
}

void give_one_of_four(SyntheticNode& node) {
  node.instance_type = "p4de.24xlarge";
  set_efa_count(node, 1);
}

void give_none_of_sixteen(SyntheticNode& node) {
  node.instance_type = "p6-b300.48xlarge";
  set_efa_count(node, 0);
  node.efa_loaded = true;
}

void run_slurm(SyntheticNode& node) {
  node.instance_type = "c7i.48xlarge";
  node.services.push_back({"slurmd", 812, "unlimited"});
}

void add_plain_gpu(SyntheticNode& node) {
  node.instance_type = "g6.8xlarge";
  node.nvidia = SyntheticNvidia{"580.95.05", true, ""};
  attach(node, "pci0000:00/0000:00:1e.0", "10de:27b8", "0x030200");
}

}  // namespace

PublicReports reports_of_attachment() {
  const std::vector<Told> unused = {{"cloud.capable-type-unused", "info", kAccount}};
  return {
      {.number = 1,
       .source = "NVIDIA/aicr#1326",
       .line = "p6e-gb300r: 8 ConnectX functions, no EFA, efa loaded",
       .look = machine("p6e-gb200.36xlarge", give_roce_only),
       .verdict = "not_applicable",
       .says = {"its RDMA devices are no EFA: mlx5_0 and 7 more"}},
      {.number = 3,
       .source = "awslabs/awsome-distributed-ai#886",
       .line = "p6e-gb200 in the layout of 4 x 400 Gb/s",
       .look = machine("p6e-gb200.36xlarge", as_it_is),
       .verdict = "healthy"},
      {.number = 4,
       .source = "skypilot-org/skypilot#8391",
       .line = "p4de: 1 of 4 EFA devices, for a public address",
       .look = machine("p4d.24xlarge", give_one_of_four),
       .verdict = "degraded",
       .told = {{"pci.fewer-than-maximum", "warning", kAccount}},
       .says = {"public address"}},
      // only the image speaks of EFA: with expect = "max" it is pci.none-found
      {.number = 5,
       .source = "aws/aws-parallelcluster#7143",
       .line = "p6-b300: none of 16 EFA devices, all of EFA's software",
       .look = machine("p6-b200.48xlarge", give_none_of_sixteen),
       .verdict = "degraded",
       .told = {{"cloud.rails-unused", "warning", kAccount}},
       .says = {"network card 0"}},
      {.number = 7,
       .source = "awslabs/amazon-eks-ami#2697",
       .line = "m6i, EKS AL2023, a plain interface",
       .look = machine("m6i.32xlarge-eks", as_it_is),
       .verdict = "not_applicable",
       .told = unused},
      {.number = 9,
       .source = "aws/karpenter-provider-aws#9027",
       .line = "i4g, EKS AL2023, a plain interface",
       .look = machine("m6i.32xlarge-eks", of_type("i4g.16xlarge")),
       .verdict = "not_applicable",
       .told = unused},
      {.number = 10,
       .source = "aws/aws-parallelcluster#7143",
       .line = "c7i, ParallelCluster, a queue without EFA",
       .look = machine("m5n.24xlarge-with-installer", run_slurm),
       .verdict = "not_applicable",
       .told = unused},
      {.number = 11,
       .source = "zalando-incubator/kubernetes-on-aws#8881",
       .line = "g6, EKS NVIDIA, a plain interface",
       .look = machine("m6i.32xlarge-eks", add_plain_gpu),
       .verdict = "not_applicable",
       .told = unused},
  };
}

}  // namespace efa
