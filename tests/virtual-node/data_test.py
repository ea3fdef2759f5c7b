"""`--once --data` on a node with the real driver: own messages over each device, and what is said
where they do not arrive. VIRTUAL_NODE_DEB: a package instead of this tree's.
"""

import unittest

from scenarios_test import DEVICES, DoctorNode
from virtual_node import run_tests

REFUSED = ("ALLOC_PD", "CREATE_CQ", "REG_MR", "CREATE_QP", "MODIFY_QP", "CREATE_AH")
STATUSES = (2, 9, 13, 15)

JOB = f"""
no_grace
echo 'deadline_ms = 60000' >> /etc/efa-doctor/config.toml  # an emulated CPU is slow
data() {{ local name=$1; shift; seen $name "$@" efa-doctor --once --data --no-deliver --format json; }}
fault() {{ vefa-host fault 1 "$@" > /dev/null; }}
with() {{ local name=$1 set=$2 reset=$3; fault "$set"; data $name; fault "$reset"; }}
made() {{ rdma resource show 2> /dev/null | sed 's/ctx.*//'; }}

systemctl stop efa-doctor  # its passes open the devices too
made > /tmp/seen/before
data healthy
once plain
data again
data nobody $as_nobody prlimit --memlock=65536
data locked-little $as_nobody prlimit --memlock=4096
seen probe /usr/libexec/efa-doctor/probe-data --option lock-directory=/run/efa-doctor
for status in {" ".join(map(str, STATUSES))}; do with status$status tx_status=$status tx_status=0; done
for op in {" ".join(REFUSED)}; do with $op "admin_fail_ops=[\\"$op\\"]" "admin_fail_ops=[]"; done
with blackhole blackhole=true blackhole=false
with frozen freeze_counters=true freeze_counters=false
with control control_passes=true control_passes=false

sleep 1000 9<> /dev/infiniband/uverbs1 &
echo $! > /tmp/seen/holder
data busy
kill $!
wait
chmod 600 /dev/infiniband/uverbs1
data restricted $as_nobody
chmod 666 /dev/infiniband/uverbs1

fault blackhole=true
/usr/libexec/efa-doctor/probe-data > /dev/null &
while kill -0 $!; do for process in $(pgrep -P $!); do sed -n 's/VmHWM:\\s*\\([0-9]*\\) kB/\\1/p' /proc/$process/status; done; done > /tmp/seen/resident 2> /dev/null
wait
fault blackhole=false
seen record efa-doctor record --data /tmp/seen/data.tar.zst
seen here efa-doctor --once --replay /tmp/seen/data.tar.zst --format json
first_pass() {{  # NAME: the report of the first pass of the service since it was started
  local report=/var/lib/efa-doctor/report.json before round
  before=$(sequence $report)
  systemctl restart efa-doctor
  for round in $(seq 300); do [ "$(sequence $report)" -gt "$before" ] && break; sleep 0.2; done
  cp $report /tmp/seen/$1
}}
first_pass unasked
echo 'data_interval_s = 3600' >> /etc/efa-doctor/config.toml
first_pass service
fault tx_status=2
first_pass service-sick
fault tx_status=0
pass service-later
await well healthy
cp /var/lib/efa-doctor/report.json /tmp/seen/service-well
systemctl stop efa-doctor
made > /tmp/seen/after
dmesg | grep -ci 'call trace\\|bug:' > /tmp/seen/traces
fault admin=silent
data silent
"""


class Data(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = DoctorNode(JOB, "--timeout", 600, limit_s=900)

    @classmethod
    def tearDownClass(cls):
        cls.node.remove()

    def failing(self, name):
        """{code: subjects} of what is wrong with the data path."""
        wrong = {}
        for finding in self.node.json(name)["findings"]:
            if finding["code"].startswith("data.") and finding["result"] == "fail":
                wrong.setdefault(finding["code"], []).append(finding["subject"])
        return wrong

    def finding(self, name, code, subject):
        return next(finding for finding in self.node.json(name)["findings"]
                    if (finding["code"], finding["subject"]) == (code, subject))

    def count(self, name):
        return next(stage["count"] for stage in self.node.json(name)["funnel"]
                    if stage["stage"] == "data")

    def second(self):
        return self.node.json("healthy")["devices"][1]["pci_address"]

    def assert_only_second(self, name, code):
        self.assertEqual(self.failing(name), {code: [self.second()]}, name)
        self.assertEqual(self.node.json(name)["root_causes"], [code])

    def test_healthy(self):
        for name in ("healthy", "again", "nobody"):
            report = self.node.json(name)
            self.assertEqual((report["verdict"], self.failing(name)), ("healthy", {}), name)
            self.assertEqual(self.count(name), DEVICES)
            for device in report["devices"]:
                sent = device["data"]["transfers"]
                self.assertEqual([one["kind"] for one in sent],
                                 ["send"] * 4 + ["read", "write", "control"])
                self.assertEqual(sent[-1]["vendor_error"], 9)
                self.assertLessEqual(device["data"]["pinned_bytes"], 65536)
        self.assertIsNone(self.count("plain"))
        self.assertNotIn("data", self.node.json("plain")["devices"][0])
        took = sorted(self.node.json(name)["run"]["duration_ms"] for name in ("healthy", "again"))
        most_kib = max(map(int, self.node.text("resident").split()))
        print("with data", took, "ms, without", self.node.json("plain")["run"]["duration_ms"],
              "ms; at most", most_kib, "KiB of a child", flush=True)
        self.assertLess(most_kib, 8192)

    def test_the_status_of_the_device_is_told(self):
        for status in STATUSES:
            unreachable = status in (13, 15)
            code = "data.loopback-unreachable" if unreachable else "data.loopback-fails"
            self.assert_only_second(f"status{status}", code)
            said = self.finding(f"status{status}", code, self.second())
            self.assertIn(f"vendor_err {status} ", said["message"])
            self.assertEqual(said["remedy"]["actor"], "aws_support")
            self.assertEqual(self.count(f"status{status}"), DEVICES - 1)
        self.assert_only_second("blackhole", "data.loopback-unreachable")

    def test_what_cannot_be_set_up(self):
        for operation in REFUSED:
            self.assert_only_second(operation, "data.cannot-create")
        self.assertEqual(self.failing("locked-little").keys(), {"data.cannot-register"})
        self.assertIn("4096 bytes", self.finding("locked-little", "data.cannot-register",
                                                 self.second())["message"])

    def test_counters_that_stand_still(self):
        self.assert_only_second("frozen", "data.counters-still")

    def test_a_control_that_does_not_fail_proves_nothing(self):
        self.assertEqual(self.failing("control"), {})
        self.assertEqual(self.finding("control", "data.loopback-fails", self.second())["result"], "unknown")
        self.assertEqual(self.node.json("control")["verdict"], "unknown")

    def test_one_in_use_is_not_touched(self):
        self.assertEqual(self.failing("busy"), {"data.in-use": [self.second()]})
        self.assertEqual(self.node.json("busy")["verdict"], "healthy")
        self.assertIn(f"PID {self.node.number('holder')}",
                      self.finding("busy", "data.in-use", self.second())["message"])
        self.assertEqual(self.node.json("busy")["devices"][1]["data"]["transfers"], [])

    def test_one_that_may_not_be_opened(self):
        self.assertEqual(self.failing("restricted").keys(), {"data.cannot-create"})
        self.assertEqual(self.node.json("restricted")["root_causes"], ["node.restricted-mode"])

    def test_the_service_sends_where_it_is_told_to(self):
        self.assertIsNone(self.count("unasked"))
        self.assertEqual((self.failing("service"), self.count("service")), ({}, DEVICES))
        self.assert_only_second("service-sick", "data.loopback-fails")
        later = self.node.json("service-later")
        self.assertEqual(later["verdict"], "unhealthy", "one pass more is to confirm it")
        self.assertEqual((self.failing("service-well"), self.count("service-well")), ({}, DEVICES))
        self.assertEqual(self.node.json("service-well")["verdict"], "healthy")

    def test_nothing_is_left(self):
        self.assertEqual(self.node.text("before"), self.node.text("after"))
        self.assertEqual(self.node.text("traces"), "0\n")

    def test_one_that_is_silent_costs_no_other(self):
        report = self.node.json("silent")
        self.assertNotIn("data.hang", report["root_causes"])
        for device in report["devices"]:
            passes = self.finding("silent", "data.loopback-fails", device["pci_address"])["result"]
            self.assertEqual(passes == "pass", device["pci_address"] != self.second())


if __name__ == "__main__":
    run_tests()
