"""What own messages cost a node with the real driver: on 32 devices, a thousand times, and beside a job
that sends. VIRTUAL_NODE_DEB: a package instead of this tree's. DATA_LOOPS, DATA_ROUNDS: fewer, or more.
"""

import os
import statistics
import unittest

from scenarios_test import DoctorNode
from virtual_node import run_tests

DEVICES = 32
ROUNDS = int(os.environ.get("DATA_ROUNDS", "5"))
LOOPS = int(os.environ.get("DATA_LOOPS", "1000"))
SECONDS = 15  # of the job, in each round
MOST_BEYOND_S = 2

MADE = "made() { rdma resource show 2> /dev/null | sed 's/ctx.*//'; }\n"
ALL_DEVICES = f"""
no_grace
echo 'deadline_ms = 60000' >> /etc/efa-doctor/config.toml  # an emulated CPU is slow
systemctl stop efa-doctor
for round in $(seq {ROUNDS}); do
  once plain$round
  seen data$round efa-doctor --once --data --no-deliver --format json
done
"""
LOOP = MADE + f"""
systemctl stop efa-doctor
made > /tmp/seen/before
for round in $(seq {LOOPS}); do
  /usr/libexec/efa-doctor/probe-data | grep -c '"vendor_error":9' >> /tmp/seen/controls
done
made > /tmp/seen/after
dmesg | grep -ci 'call trace\\|bug:\\|efa.*error' > /tmp/seen/traces
true
"""
# 10 MB/s of two processes on one device, which never sleep; beside a pass, and one that tests all devices
JOB = f"""
systemctl stop efa-doctor
send() {{ ib_send_bw -x 0 -d rdmap1s0 -c SRD -s 8192 -D {SECONDS} --rate_limit 10 --rate_units M --rate_limit_type SW "$@"; }}
listening() {{ cat /proc/net/tcp /proc/net/tcp6 | grep -q ":$(printf %04X $1) 0*:0000 0A"; }}
job() {{  # NAME
  local round server
  send > /dev/null 2>&1 & server=$!
  for round in $(seq 100); do listening 18515 && break; sleep 0.1; done
  seen $1 send 127.0.0.1
  wait $server
}}
for round in $(seq {ROUNDS}); do
  job quiet$round
  for kind in plain test; do
    (sleep 5; seen $kind$round efa-doctor --once $([ $kind = test ] && echo --data) --no-deliver --format json) & pass=$!
    job beside-$kind$round
    wait $pass
  done
done
"""


def duration_s(report):
    return report["run"]["duration_ms"] / 1000


class DataCostTest(unittest.TestCase):
    def node(self, job, *arguments):
        node = DoctorNode(job, "--timeout", 1500, *arguments, limit_s=1800)
        self.addCleanup(node.remove)
        return node

    def test_32_devices(self):
        node = self.node(ALL_DEVICES, "-n", DEVICES)
        reports = {name: [node.json(f"{name}{number + 1}") for number in range(ROUNDS)] for name in ("plain", "data")}
        for report in reports["data"]:
            counts = {stage["stage"]: stage["count"] for stage in report["funnel"]}
            self.assertEqual((report["verdict"], counts["data"]), ("healthy", DEVICES))
        plain, data = (statistics.median(map(duration_s, reports[name])) for name in ("plain", "data"))
        print(f"{DEVICES} devices: a pass {plain:.2f} s, with data {data:.2f} s (medians of {ROUNDS})", flush=True)
        self.assertLessEqual(data - plain, MOST_BEYOND_S)

    def test_many_times(self):
        node = self.node(LOOP, "-n", 1)
        self.assertEqual(node.text("controls").split(), ["1"] * LOOPS, "each ended with its negative control")
        self.assertEqual(node.text("before"), node.text("after"))
        self.assertEqual(node.text("traces"), "0\n")

    def test_beside_a_job(self):
        node = self.node(JOB, "-n", 4)
        rates = {name: [self.rate(node, f"{name}{number + 1}") for number in range(ROUNDS)]
                 for name in ("quiet", "beside-plain", "beside-test")}
        for number in range(ROUNDS):
            report = node.json(f"test{number + 1}")
            used = [finding["subject"] for finding in report["findings"]
                    if (finding["code"], finding["result"]) == ("data.in-use", "fail")]
            self.assertEqual(len(used), 1, "the job's device is left alone")
            self.assertIn(report["verdict"], ("healthy", "unknown"), "what was late on busy CPUs is unknown")
        quiet, plain, tested = (statistics.median(rates[name]) for name in rates)
        print(f"ib_send_bw: {quiet:.2f} MB/s, beside a pass {plain:.2f}, beside one that tests the other devices"
              f" {tested:.2f} (medians of {ROUNDS}, of {SECONDS} s each: {rates})", flush=True)

    @staticmethod
    def rate(node, name):
        """Of ib_send_bw's line: bytes, iterations, peak, average, messages."""
        lines = [line.split() for line in node.text(name).splitlines()]
        return next(float(line[3]) for line in lines if len(line) == 5 and line[0] == "8192")


if __name__ == "__main__":
    run_tests()
