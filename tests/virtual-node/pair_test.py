"""`pair` between two nodes with the real driver, and what is said where messages do not arrive.
VIRTUAL_NODE_DEB: a package instead of this tree's.
"""

import concurrent.futures
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import unittest

from efa_doctor import schema
from scenarios_test import package
from virtual_node import HERE, Node, run_tests

DEVICES = 2  # of each node
STATUSES = {2: "pair.fails", 9: "pair.wrong-queue", 10: "pair.not-ready", 13: "pair.unreachable",
            15: "pair.unreachable", 18: "pair.version-mismatch"}
TOKEN = "a-token-of-the-test-0123456789"
ADDRESS = "192.168.77.1"
NOBODY = "192.168.77.9"
SIZES = (64, 8192, 1 << 20)
ROUNDS_OF_FIGURES = 5
COPY = "/opt/amazon/efa/lib"
ROUNDS = int(os.environ.get("PAIR_KILLS", "20"))

# a second libfabric, where the EFA installer has its own
START = f"""
mkdir -p {COPY} /opt/amazon/efa/bin
cp -L /usr/lib/x86_64-linux-gnu/libfabric.so.1 {COPY}/libfabric.so.1
cp /usr/bin/fi_pingpong /opt/amazon/efa/bin/
echo {TOKEN} > /tmp/token
made() {{ rdma resource show 2> /dev/null | sed 's/ctx.*//'; }}
made > /tmp/seen/before
"""
# the client's last test is with the second one
SERVER = START + f"""
efa-doctor pair server --token-file /tmp/token > /tmp/seen/server 2>&1 &
seen last timeout 1100 efa-doctor pair server --once --port 18517 --token-file /tmp/token
kill $!
sleep 1
made > /tmp/seen/after
dmesg | grep -ci 'call trace\\|bug:' > /tmp/seen/traces
true
"""
CLIENT = START + f"""
client() {{ local name=$1; shift; seen $name efa-doctor pair client {ADDRESS} --token-file /tmp/token --format json "$@"; }}
pair() {{ client "$@" --engine verbs; }}
fault() {{ vefa-host fault 2 "$@" > /dev/null; }}
for round in $(seq 120); do pair healthy && grep -q '^0' /tmp/seen/healthy.code && break; sleep 1; done
pair large --sizes 64,8192,1M --seconds 5
client both
seen text efa-doctor pair client {ADDRESS} --token-file /tmp/token --compare
for round in $(seq {ROUNDS_OF_FIGURES}); do
  client compared-$round --engine libfabric --compare --device ${{first:=$(ls /sys/class/infiniband | head -1)}} --sizes {",".join(map(str, SIZES))} --seconds 6
done
seen memlock-libfabric prlimit --memlock=1048576 setpriv --reuid nobody --regid nogroup --clear-groups efa-doctor pair client {ADDRESS} --engine libfabric --format json < /tmp/token
for status in {" ".join(map(str, STATUSES))}; do fault tx_status=$status; pair status$status; fault tx_status=0; done
fault blackhole=true; pair blackhole; fault blackhole=false
deny() {{  # NAME FROM TO STATUS MS
  vefa-host fault $2 "deny_to=[$3]" deny_status=$4 deny_ms=$5 > /dev/null; pair $1
  vefa-host fault $2 "deny_to=[]" > /dev/null
}}
deny denied-there 2 0 15 0; deny denied-back 0 2 13 1500; deny denied-silently 2 0 0 0
for op in CREATE_AH CREATE_QP REG_MR; do fault "admin_fail_ops=[\\"$op\\"]"; pair $op; fault "admin_fail_ops=[]"; done
seen memlock prlimit --memlock=4096 setpriv --reuid nobody --regid nogroup --clear-groups efa-doctor pair client {ADDRESS} --format json < /tmp/token
sleep 1000 9<> /dev/infiniband/uverbs0 & holder=$!
pair busy
kill $holder
seen nobody efa-doctor pair client {NOBODY} --token-file /tmp/token --format json
echo another-token-0123456789 > /tmp/other
seen token efa-doctor pair client {ADDRESS} --token-file /tmp/other --format json
for round in $(seq {ROUNDS}); do
  efa-doctor pair client {ADDRESS} --token-file /tmp/token > /dev/null 2>&1 &
  sleep 0.$((RANDOM % 10))$((RANDOM % 10)); sleep $((RANDOM % 5))
  kill -9 $!
done
sleep 2
made > /tmp/seen/after
pair later
dmesg | grep -ci 'call trace\\|bug:' > /tmp/seen/traces
pair last --port 18517
"""


class PairTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        lan = 20000 + os.getpid() % 10000
        with tempfile.TemporaryDirectory() as fabric:
            vefad = subprocess.Popen([sys.executable, HERE / "vefad.py", "--dir", fabric, "-n", str(2 * DEVICES),
                                      "--log", pathlib.Path(fabric, "log")])
            try:
                with concurrent.futures.ThreadPoolExecutor() as pool:
                    cls.server, cls.client = pool.map(lambda number: Node(
                        (SERVER, CLIENT)[number], "--fabric", fabric, "--devs",
                        ",".join(str(DEVICES * number + i) for i in range(DEVICES)), "--lan",
                        f"{lan}:{number + 1}", "--deb", package(), "--timeout", 1200, limit_s=1500), range(2))
            finally:
                vefad.terminate()
                vefad.wait()

    @classmethod
    def tearDownClass(cls):
        cls.server.remove()
        cls.client.remove()

    def report(self, name):
        report = json.loads(self.client.text(name))
        self.assertEqual([error.message for error in schema("pair").iter_errors(report)], [], name)
        self.assertEqual(self.client.number(name + ".code"), report["exit_code"])
        return report

    def assert_first(self, name, code):
        report = self.report(name)
        self.assertEqual(report["root_causes"][:1], [code], name)
        self.assertEqual([pair["state"] for pair in report["pairs"]], ["fails", "ok"], name)
        return next(finding for finding in report["findings"] if finding["code"] == code)

    def test_healthy(self):
        for name in ("healthy", "large", "later", "last"):
            report = self.report(name)
            self.assertEqual((report["verdict"], len(report["pairs"])), ("healthy", DEVICES), name)
        self.assertEqual(self.client.text("text.code"), "0\n")
        print("\n" + self.client.text("text"), flush=True)
        for pair in self.report("large")["pairs"]:
            self.assertEqual([figure["way"] for figure in pair["figures"]], ["write"] * 3)
            self.assertGreater(pair["other_counters_grew"]["rx_pkts"], 0)

    def test_each_libfabric_moves_data(self):
        report = self.report("both")
        self.assertEqual((report["verdict"], report["summary"]), ("healthy", "2 of 2 pairs of devices work"))
        copies = [copy["file"] for copy in report["own"]["copies"]]
        self.assertEqual(copies[1], COPY + "/libfabric.so.1")
        self.assertEqual([pair.get("library") for pair in report["pairs"]],
                         [None] * DEVICES + [copies[0]] * DEVICES + [copies[1]] * DEVICES)
        for pair in report["pairs"][DEVICES:]:
            self.assertRegex(pair["own_version"], r"^2\.")
            moved = sum(figure["bytes"] for figure in pair["figures"])
            self.assertGreater(pair["other_counters_grew"]["rx_bytes"], moved, "over the device, not beside it")

    def test_libfabric_without_memory_to_lock(self):
        self.assertEqual(self.report("memlock-libfabric")["root_causes"][:1], ["pair.memlock"])

    def test_as_fast_as_fi_pingpong(self):
        """Over the fabric efa of the same device, in one boot, in turns; medians, since how fast the machine is
        just then differs."""
        ours, theirs, rates = ({size: [] for size in SIZES} for _ in range(3))
        for round in range(1, ROUNDS_OF_FIGURES + 1):
            pair = self.report(f"compared-{round}")["pairs"][0]
            self.assertNotIn("not_compared", pair)
            for figure in pair["figures"]:
                ours[figure["bytes"]].append(figure["latency"]["mean_ns"])
                theirs[figure["bytes"]].append(figure["fi_pingpong_ns"])
                rates[figure["bytes"]].append(figure["bits_per_second"])
        for size in SIZES:
            took, beside, rate = (statistics.median(of[size]) for of in (ours, theirs, rates))
            pingpong_rate = size * 8e9 / beside
            print(f"{size} B: half a round trip {took / 1000:.0f} us, fi_pingpong {beside / 1000:.0f} us;"
                  f" {rate / 1e6:.1f} Mbit/s, fi_pingpong {pingpong_rate / 1e6:.1f}", flush=True)
            self.assertLessEqual(took, 1.05 * beside)
            self.assertGreaterEqual(rate, pingpong_rate)

    def test_the_status_of_the_device_is_told(self):
        for status, code in STATUSES.items():
            self.assertIn(f"vendor_err {status} ", self.assert_first(f"status{status}", code)["message"])
        self.assertIn("no completion in time", self.assert_first("blackhole", "pair.unreachable")["message"])

    def test_the_way_that_is_lost_is_told(self):
        for name, words in (("denied-there", "vendor_err 15 .*the way there is lost"),
                            ("denied-back", "vendor_err 13 .*the way back is lost"),
                            ("denied-silently", "no completion in time.*the way there is lost")):
            self.assertRegex(self.assert_first(name, "pair.unreachable")["message"], words)

    def test_what_cannot_be_set_up(self):
        for operation in ("CREATE_QP", "REG_MR"):
            self.assert_first(operation, "pair.cannot-create")
        # the own address is the first that is refused
        self.assert_first("CREATE_AH", "pair.cannot-create")
        self.assertEqual(self.report("memlock")["root_causes"][:1], ["pair.memlock"])

    def test_one_in_use_is_not_touched(self):
        report = self.report("busy")
        self.assertEqual((report["verdict"], report["root_causes"]), ("degraded", ["pair.in-use"]))
        self.assertEqual([pair["state"] for pair in report["pairs"]], ["in use", "ok"])

    def test_an_address_that_does_not_answer_is_told(self):
        self.assertEqual((self.report("nobody")["verdict"], self.report("nobody")["root_causes"]),
                         ("unknown", ["pair.no-control-timeout"]))

    def test_a_wrong_token_is_refused(self):
        self.assertEqual((self.report("token")["verdict"], self.report("token")["root_causes"]),
                         ("unknown", ["pair.refused"]))

    def test_nothing_is_left(self):
        for node in (self.server, self.client):
            self.assertEqual(node.text("before"), node.text("after"))
            self.assertEqual(node.text("traces"), "0\n")
        self.assertNotIn(TOKEN, self.server.text("server"))


if __name__ == "__main__":
    run_tests()
