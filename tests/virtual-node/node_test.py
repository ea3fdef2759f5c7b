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

NONE_LISTED = 61  # ENODATA of fi_info


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

    def test_what_the_image_lacks(self):
        """What efa-doctor's own tests do not start a node for."""
        node = self.node(LOOK, "--guest-fault", "rdma-cm-missing", "--guest-fault", "uverbs-0600",
                         "--guest-fault", "memlock-64k")
        self.assertNotIn("rdma_cm", node.text("uverbs"))
        self.assertEqual(self.codes(node, "providers", "as-nobody"),
                         {"providers": 0, "as-nobody": NONE_LISTED})
        self.assertEqual(node.text("memlock"), "64\n")

    def test_a_node_without_devices_loads_no_driver(self):
        self.assertNotIn("\nefa ", self.node(LOOK, "-n", 0).text("modules"))


if __name__ == "__main__":
    run_tests()
