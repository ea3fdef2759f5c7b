"""`mesh` of three nodes with the real driver: all well, one that sends nothing, one that is cut off, and
one whose devices a job has open. VIRTUAL_NODE_DEB: a package instead of this tree's.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from efa_doctor import schema
from scenarios_test import package
from virtual_node import HERE, Node, run_tests

NODES = 3
DEVICES = 2  # of each
TOKEN = "a-token-of-the-test-0123456789"
LEADER = "192.168.77.1"
BAD = 2  # the rank whose devices are made faulty

# All ranks go through the same steps, and each test begins when all are there.
STEPS = f"""
hostname p5-$RANK
export EFA_DOCTOR_MESH_TOKEN={TOKEN}
made() {{ rdma resource show 2> /dev/null | sed 's/ctx.*//'; }}
made > /tmp/seen/before
mesh() {{
  seen $1 efa-doctor mesh --rank $RANK --ranks {NODES} --leader {LEADER} --wait 400 --format ${{2:-json}}
}}
fault() {{ if [ $RANK = {BAD} ]; then for dev in {BAD * DEVICES} {BAD * DEVICES + 1}; do vefa-host fault $dev "$@" > /dev/null; done; fi; }}
mesh healthy
fault tx_status=13; mesh unreachable; mesh text text; fault tx_status=0
fault blackhole=true; mesh silent; fault blackhole=false
if [ $RANK = {BAD} ]; then sleep 1000 9<> /dev/infiniband/uverbs0 & fi
mesh busy
if [ $RANK = {BAD} ]; then kill $!; fi
mesh later
made > /tmp/seen/after
dmesg | grep -ci 'call trace\\|bug:' > /tmp/seen/traces
true
"""


class MeshTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lan = 20000 + os.getpid() % 10000
        with tempfile.TemporaryDirectory() as fabric:
            vefad = subprocess.Popen([sys.executable, HERE / "vefad.py", "--dir", fabric, "-n", str(NODES * DEVICES),
                                      "--log", pathlib.Path(fabric, "log")])
            try:
                with concurrent.futures.ThreadPoolExecutor() as pool:
                    cls.nodes = list(pool.map(lambda rank: Node(
                        f"RANK={rank}\n" + STEPS, "--fabric", fabric, "--devs",
                        ",".join(str(DEVICES * rank + i) for i in range(DEVICES)), "--lan", f"{lan}:{rank + 1}",
                        "--deb", package(), "--timeout", 1200, limit_s=1500), range(NODES)))
            finally:
                vefad.terminate()
                vefad.wait()

    @classmethod
    def tearDownClass(cls):
        for node in cls.nodes:
            node.remove()

    def report(self, name):
        report = json.loads(self.nodes[0].text(name))
        self.assertEqual([error.message for error in schema("mesh").iter_errors(report)], [], name)
        self.assertEqual(self.nodes[0].number(name + ".code"), report["exit_code"])
        for node in self.nodes[1:]:
            self.assertEqual(node.number(name + ".code"), 0, name)
        print(f"{name}: {report['summary']}; {report['rounds']} rounds, {report['duration_ms'] / 1000:.1f} s", flush=True)
        return report

    def test_all_work(self):
        for name in ("healthy", "later"):
            report = self.report(name)
            self.assertEqual((report["verdict"], report["hosts"]), ("healthy", {"works": "p5-[0-2]"}), report)
            self.assertEqual({meeting["device_pairs_work"] for meeting in report["meetings"]}, {DEVICES})

    def test_the_node_that_does_not_send_is_blamed_alone(self):
        for name in ("unreachable", "silent"):
            report = self.report(name)
            self.assertEqual((report["root_causes"], report["hosts"]),
                             (["mesh.node-fails"], {"fails": "p5-2", "works": "p5-[0-1]"}), report["findings"])

    def test_a_list_can_be_pasted(self):
        print("\n" + self.nodes[0].text("text"), flush=True)
        self.assertIn("nodename=p5-2 state=drain", self.nodes[0].text("text"))

    def test_a_busy_node_is_unknown(self):
        report = self.report("busy")
        self.assertEqual((report["verdict"], report["hosts"].get("unknown")), ("degraded", "p5-2"), report["findings"])
        self.assertIn("pair.in-use", report["findings"][0]["message"])

    def test_nothing_is_left(self):
        for node in self.nodes:
            self.assertEqual(node.text("before"), node.text("after"))
            self.assertEqual(node.text("traces"), "0\n")


if __name__ == "__main__":
    run_tests()
