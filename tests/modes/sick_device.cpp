#include "tests/modes/sick_device.h"

#include <cerrno>

namespace efa {

void leave_unbound(Scene& scene, size_t i) {
  scene.pci(i).driver.reset();
  lose_rdma(scene, i);
}

void give_to_virtual_machine(Scene& scene, size_t i) {
  scene.pci(i).driver = scene.pci(i).driver_override = "vfio-pci";
  lose_rdma(scene, i);
}

void fail_to_open(Scene& scene, size_t i, int error, const char* words) {
  scene.verbs(i).failed = VerbsStep{"ibv_open_device", error, words};
  drop_fabric(scene);
}

void refuse_node(Scene& scene, size_t i, int error, const char* words) {
  UverbsNode& uverbs = *scene.rdma(i).uverbs;
  uverbs.open_errno = error;
  uverbs.open_error = words;
  fail_to_open(scene, i, error, words);
}

void take_from_verbs(Scene& scene, size_t i) {
  VerbsFacts& verbs = scene.node.verbs.facts;
  std::erase(*verbs.listed, device(i));
  std::erase_if(verbs.devices, [&](const auto& one) { return one.address == address(i); });
  std::erase_if(verbs.asked, [&](const Asked& asked) { return asked.subject == device(i); });
  std::erase(scene.fabric().devices, scene.rdma(i).name);
}

void lose_node(Scene& scene, size_t i) {
  UverbsNode& uverbs = *scene.rdma(i).uverbs;
  uverbs.present = false;
  uverbs.character_device.reset();
  uverbs.number.reset();
  uverbs.mode.reset();
  uverbs.open_errno.reset();
  take_from_verbs(scene, i);
}

void close_queue_of(Scene& scene, size_t i) {
  Counters& counters = scene.node.rdma.facts.counters.at(i);
  counters.port.clear();
  counters.error = ENODEV;
  counters.error_file = "/sys/class/infiniband/" + scene.rdma(i).name + "/ports/1/hw_counters";
  counters.error_text = "No such device";
  fail_to_open(scene, i, ENODEV, "No such device");
}

void zero_gid(Scene& scene, size_t i) {
  scene.rdma(i).gid = "0000:0000:0000:0000:0000:0000:0000:0000";
  scene.rdma(i).mac.reset();
}

}  // namespace efa
