"""A node on which things change beneath the service: its clock is set, its module is unloaded and
loaded again and again, a service's limit is mended by the command that is printed.

VIRTUAL_NODE_DEB: a package instead of this tree's.
"""

import json
import unittest

from scenarios_test import Case, DoctorNode
from virtual_node import run_tests

STEPS = ("+1 second", "-1 second", "+1 hour", "-1 hour", "+1 year", "-1 year")

STEP = """
step() { date -s "$(date -d "$1" '+%F %T')" > /dev/null; }
look() { pass $1; seen $1.status efa-doctor status; }
"""

# a device has lost its driver meanwhile: a fault with a history
CLOCK = STEP + f"""
no_grace
systemctl start efa-doctor
await up healthy
echo 0000:02:00.0 > /sys/bus/pci/drivers/efa/unbind
await lost unhealthy
look before
number=0
for step in {" ".join(f"'{step}'" for step in STEPS)}; do
  step "$step"; look between$((number += 1))
done
while :; do for step in '+1 hour' '-1 hour' '+1 year' '-1 year'; do step "$step"; sleep 0.15; done; done &
stepping=$!
for number in 1 2 3 4 5; do look within$number; done
kill $stepping; wait $stepping
cat /run/efa-doctor/health.json > /tmp/seen/health
seen journal journalctl -u efa-doctor --no-pager -o cat
echo 0000:02:00.0 > /sys/bus/pci/drivers/efa/bind
await again healthy
look after
"""

FLAPPING = """
no_grace
systemctl start efa-doctor
await up healthy
for number in 1 2 3 4 5; do
  modprobe -r efa; pass unloaded$number
  modprobe efa; pass loaded$number
done
until_ok ls /dev/infiniband/uverbs3
for round in $(seq 120); do [ "$(verdict)" = healthy ] && break; sleep 1; done
cat /run/efa-doctor/health.json > /tmp/seen/quiet
"""

MEMLOCK = """
no_grace
mkdir -p /etc/systemd/system.conf.d
printf '[Manager]\\nDefaultLimitMEMLOCK=8M\\n' > /etc/systemd/system.conf.d/50-low.conf
cp /bin/sleep /usr/sbin/slurmd
printf '[Service]\\nExecStart=/usr/sbin/slurmd infinity\\n[Install]\\nWantedBy=multi-user.target\\n' > /etc/systemd/system/slurmd.service
systemctl daemon-reexec
systemctl enable slurmd
once stopped
systemctl start slurmd
once running
sudo() { "$@"; }
sed -n 's/.*"command": "\\(.*slurmd.*\\)".*/\\1/p' /tmp/seen/running | sed 's/\\\\\\(.\\)/\\1/g' > /tmp/seen/command
. /tmp/seen/command
once mended
systemctl stop slurmd
once mended-stopped
"""


def finding_of(report, code, subject):
    return next((f for f in report["findings"] if (f["code"], f["subject"]) == (code, subject)), None)


class ChangesTest(Case):
    def test_the_clock_is_for_showing_only(self):
        node = DoctorNode(CLOCK, "--timeout", 600, limit_s=900)
        names = ["before"] + [f"between{n + 1}" for n in range(len(STEPS))]
        names += [f"within{n + 1}" for n in range(5)]
        before = None
        for name in names:
            with self.subTest(name):
                report = self.assert_found(node, name, ["driver.not-bound"])
                finding = finding_of(report, "driver.not-bound", "0000:02:00.0")
                self.assertEqual(finding["times"], 1, "one fault, not one for each step")
                self.assertEqual({f["code"] for f in report["findings"] if f["code"].startswith(
                    "counters.") and f["result"] == "fail"}, set())
                self.assertGreaterEqual(report["run"]["duration_ms"], 0)
                status = node.text(f"{name}.status")
                self.assertRegex(status, "^unhealthy ")
                self.assertNotIn("stale", status)
                if before is not None:
                    self.assertGreater(report["run"]["sequence"], before)
                before = report["run"]["sequence"]
        self.assertEqual(node.json("health")["verdict"], "unhealthy")
        self.assertNotIn("error", node.text("journal"))
        self.assertEqual(node.json("after")["verdict"], "healthy")
        self.assertLess(node.number("again"), 20_000)
        node.remove()

    def test_a_module_that_comes_and_goes_is_one_fault(self):
        node = DoctorNode(FLAPPING, "--timeout", 600, limit_s=900)
        cause = ["kernel.driver-not-loaded"]
        self.assert_found(node, "unloaded1", cause)
        for number in range(2, 6):
            for name in (f"unloaded{number}", f"loaded{number}"):
                with self.subTest(name):
                    self.assert_found(node, name, cause)
        self.assertIn("comes and goes", json.dumps(node.json("loaded5")))
        self.assertEqual(node.json("quiet")["verdict"], "healthy")
        node.remove()

    def test_the_printed_command_mends_a_services_limit(self):
        node = DoctorNode(MEMLOCK)
        for name in ("stopped", "running"):
            finding = finding_of(node.json(name), "limits.memlock-low", "slurmd")
            self.assertEqual((finding["result"], finding["severity"]), ("fail", "warning"), name)
        for name in ("mended", "mended-stopped"):
            finding = finding_of(node.json(name), "limits.memlock-low", "slurmd")
            self.assertEqual(finding["result"], "pass", node.text("command"))
        node.remove()


if __name__ == "__main__":
    run_tests()
