"""The virtual node itself, without efa-doctor: the real driver and the real libraries take the
emulated devices for EFA devices, and each fault shows as it would on a node.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from virtual_node import HERE, Node, kernels, run_tests

PING_PONG = """
export FI_EFA_ENABLE_SHM_TRANSFER=0
listening() { cat /proc/net/tcp /proc/net/tcp6 | grep -q ":$(printf %04X $1) 0*:0000 0A"; }
between_two() {  # NAME PORT COMMAND...: a server, and its client 127.0.0.1
  local name=$1 port=$2 round; shift 2
  "$@" > /dev/null 2>&1 &
  for round in $(seq 100); do listening $port && break; sleep 0.1; done
  seen $name timeout 40 "$@" 127.0.0.1
  wait
}
for kind in rdm dgram; do between_two pingpong-$kind 47592 fi_pingpong -p efa -e $kind -I 10; done
between_two pingpong-tagged 47592 fi_pingpong -p efa -e rdm -m tagged -I 10 -c
for test in ib_send_bw ib_read_bw ib_write_bw; do
  between_two $test 18515 $test -x 0 -d rdmap1s0 -c SRD -n 50 -s 8192
done
"""
LOOK = """
seen uverbs ls /dev/infiniband
seen providers fi_info -p efa
seen as-nobody setpriv --reuid nobody --regid nogroup --clear-groups fi_info -p efa
seen modules lsmod
seen mode stat -c %a /dev/infiniband/uverbs0
echo "$(ulimit -l)" > /tmp/seen/memlock
"""
BETWEEN_NODES = ("""
seen moved timeout 120 fi_pingpong -p efa -e rdm -I 10
""", """
for round in $(seq 60); do  # until the other one listens
  seen moved timeout 60 fi_pingpong -p efa -e rdm -I 10 192.168.77.1
  grep -q '^0' /tmp/seen/moved.code && break
  sleep 1
done
""")
ALL_FUNCTIONS = """
for device in /sys/bus/pci/devices/*; do
  [ "$(cat $device/vendor)" = 0x1d0f ] || continue
  driver=$(basename "$(readlink $device/driver)" x)
  echo "$(basename $device) $(cat $device/device) x$(cat $device/current_link_width) ${driver:-none}"
done > /tmp/seen/functions
dmesg | grep -i 'efa\|admin' > /tmp/seen/log
"""
FALL_SICK = """
counters=/sys/class/infiniband/rdmap2s0
drops() { cat $counters/ports/1/hw_counters/rx_drops; }
keep_alives() { cat $counters/hw_counters/keep_alive_rcvd; }
before=$(drops); vefa-host add 1 rx_drops=7; sleep 0.1; echo $(( $(drops) - before )) > /tmp/seen/drops
vefa-host fault 1 keepalive_ms=0; sleep 0.3; before=$(keep_alives); sleep 2.5
echo $(( $(keep_alives) - before )) > /tmp/seen/keep-alives
vefa-pci vanish 3; seen vanished ls /sys/class/infiniband
vefa-pci return 3; sleep 2; seen returned ls /sys/class/infiniband
vefa-host fault 3 gone=true; seen gone cat /sys/bus/pci/devices/0000:04:00.0/current_link_width
vefa-host fault 1 admin=silent; seen hung drops
dmesg | grep -i 'efa\|admin' > /tmp/seen/log
"""


class NodeTest(unittest.TestCase):
    def node(self, job, *arguments, **guest):
        node = Node(job, *arguments, **guest)
        self.addCleanup(node.remove)
        return node

    def codes(self, node, *names):
        return {name: int(node.text(name + ".code")) for name in names}

    def test_libraries_move_data_over_it(self):
        for suite, kernel in kernels():
            with self.subTest(suite=suite, kernel=kernel):
                node = self.node(LOOK + PING_PONG, "-n", 4, suite=suite, kernel=kernel)
                self.assertEqual(node.text("uverbs").count("uverbs"), 4)
                self.assertGreaterEqual(node.text("providers").count("provider: efa"), 8)
                moved = ["pingpong-rdm", "pingpong-dgram", "pingpong-tagged", "ib_send_bw", "ib_read_bw"]
                if suite == "trixie":  # rdma-core 44 cannot write
                    moved.append("ib_write_bw")
                self.assertEqual(self.codes(node, *moved), dict.fromkeys(moved, 0))

    def test_two_nodes_reach_each_other(self):
        lan = 20000 + os.getpid() % 10000
        with tempfile.TemporaryDirectory() as fabric:
            vefad = subprocess.Popen([sys.executable, HERE / "vefad.py", "--dir", fabric, "-n", "2",
                                      "--log", pathlib.Path(fabric, "log")])
            try:
                with concurrent.futures.ThreadPoolExecutor() as pool:
                    nodes = list(pool.map(lambda number: self.node(
                        BETWEEN_NODES[number], "--fabric", fabric, "--devs", number, "--lan",
                        f"{lan}:{number + 1}"), range(2)))
            finally:
                vefad.terminate()
                vefad.wait()
        for node in nodes:
            self.assertEqual(self.codes(node, "moved"), {"moved": 0}, node.text("moved.err"))

    def test_devices_are_sick_from_boot_on(self):
        node = self.node(ALL_FUNCTIONS, "-n", 4, "--fault", "admin_to_100ms=15", "--fault",
                         "0:device_id=0xefa9", "--fault", "2:admin=silent", "--fault", "3:link_width=4")
        functions = dict(line.split(" ", 1) for line in node.text("functions").splitlines())
        self.assertEqual(functions["0000:01:00.0"], "0xefa9 x8 none")
        self.assertEqual(functions["0000:02:00.0"], "0xefa1 x8 efa")
        self.assertEqual(functions["0000:03:00.0"], "0xefa1 x8 none")
        self.assertEqual(functions["0000:04:00.0"], "0xefa1 x4 efa")
        self.assertRegex(node.text("log"), "0000:03:00.0: probe with driver efa failed with error -62")

    def test_devices_fall_sick(self):
        node = self.node(FALL_SICK, "-n", 4)
        self.assertEqual((node.number("drops"), node.number("keep-alives")), (7, 0))
        self.assertNotIn("rdmap4s0", node.text("vanished"))
        self.assertIn("rdmap4s0", node.text("returned"))
        self.assertEqual(node.number("gone"), 63, "a link that reads all-ones")
        self.assertNotEqual(self.codes(node, "hung"), {"hung": 0})
        self.assertIn("didn't send any completion", node.text("log"))

    def test_what_the_image_lacks(self):
        none_listed = 61  # ENODATA
        for fault, name, is_so in (
                ("efa-missing", "modules", lambda node: "\nefa " not in node.text("modules")),
                ("efa-blacklist", "modules", lambda node: "\nefa " not in node.text("modules")),
                ("rdma-cm-missing", "uverbs", lambda node: "rdma_cm" not in node.text("uverbs")),
                ("uverbs-node-gone", "providers",
                 lambda node: self.codes(node, "providers") == {"providers": none_listed}),
                ("uverbs-0600", "as-nobody",
                 lambda node: self.codes(node, "as-nobody") == {"as-nobody": none_listed}),
                ("memlock-64k", "memlock", lambda node: node.text("memlock") == "64\n")):
            with self.subTest(fault):
                node = self.node(LOOK, "--guest-fault", fault)
                self.assertTrue(is_so(node), node.text(name))

    def test_a_node_without_devices_loads_no_driver(self):
        self.assertNotIn("\nefa ", self.node(LOOK, "-n", 0).text("modules"))


if __name__ == "__main__":
    run_tests()
