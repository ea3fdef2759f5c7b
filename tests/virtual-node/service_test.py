"""The service under systemd: what its unit lets it write, which signals reach it, and what `status` says
when it crashes, does not start, or was stopped. VIRTUAL_NODE_DEB: a package instead of this tree's.
"""

import re
import unittest

from scenarios_test import DoctorNode
from virtual_node import run_tests

JOB = """
unit=efa-doctor.service
drop_in() { mkdir -p /run/systemd/system/$unit.d; printf '%s\\n' '[Service]' "$@" > /run/systemd/system/$unit.d/test.conf; systemctl daemon-reload; }
pid() { systemctl show -P MainPID $unit; }
later() { local now=$(sequence) round; "$@"; for round in $(seq 300); do [ "$(sequence)" -gt "$now" ] && break; sleep 0.1; done; }
says() { local round; for round in $(seq 30); do efa-doctor status | grep -q "^$1 " && break; sleep 0.5; done; }

mkdir -p /var/lib/prometheus/node-exporter /srv/metrics /etc/efa-doctor
config() { echo "metrics_directory = \\"$1\\"" > /etc/efa-doctor/config.toml; }
config /var/lib/prometheus/node-exporter
later systemctl restart $unit  # the package has started it
await up healthy
until_ok test -s /var/lib/prometheus/node-exporter/efa-doctor.prom
seen metrics head -c 100 /var/lib/prometheus/node-exporter/efa-doctor.prom
config /srv/metrics
later systemctl reload $unit
seen elsewhere cat /run/efa-doctor/health.json
drop_in ReadWritePaths=/srv/metrics
later systemctl restart $unit
seen let head -c 100 /srv/metrics/efa-doctor.prom

for round in $(seq 10); do systemctl kill -s USR1 $unit; sleep 0.2; done
seen kill-who systemctl kill --kill-who=main -s USR1 $unit
seen version systemctl --version
await quiet healthy
seen signals journalctl -u $unit --no-pager -o cat

seen oom systemctl show -P OOMPolicy $unit
seen security systemd-analyze security --no-pager $unit
seen verify systemd-analyze verify --man=no $unit

before=$(pid)
kill -KILL $before
seen killed efa-doctor status
says healthy
seen back efa-doctor status
echo $before $(pid) > /tmp/seen/pids
systemctl stop $unit
seen stopped efa-doctor status
seen stopped-nobody $as_nobody efa-doctor status
systemctl start $unit
says healthy
drop_in ExecStart= "ExecStart=/bin/sh -c 'kill -SEGV \\$\\$'"
systemctl restart $unit
says unknown
sleep 12
seen crashing efa-doctor status
seen crashing-nobody $as_nobody efa-doctor status
rm -r /run/systemd/system/$unit.d
systemctl daemon-reload
systemctl reset-failed $unit
systemctl restart $unit
says healthy
seen mended efa-doctor status

cat > /etc/efa-doctor/probes.d/daemon <<'END'
#!/bin/sh
setsid sh -c 'echo $$ > /run/efa-doctor/left; exec sleep 1000' > /dev/null 2>&1 &
while [ ! -s /run/efa-doctor/left ]; do sleep 0.1; done
echo '{"done":true}'
END
chmod 755 /etc/efa-doctor/probes.d/daemon
later systemctl kill --kill-who=main -s USR1 $unit
until_ok grep -q left-processes /var/lib/efa-doctor/report.json
seen left grep -c left-processes /var/lib/efa-doctor/report.json
seen leftover ls -d /proc/$(cat /run/efa-doctor/left)
"""


class Service(unittest.TestCase):
    def test_under_systemd(self):
        node = DoctorNode(JOB, "--timeout", 600, limit_s=900)
        self.check_metrics(node)
        self.check_signals(node)
        self.check_unit(node)
        self.check_status(node)
        self.assertNotEqual(node.text("left"), "0\n")
        self.assertNotEqual(node.text("leftover.code"), "0\n", "a site probe's process lives on")
        node.remove()

    def check_metrics(self, node):
        self.assertIn("efa_doctor", node.text("metrics"))
        problem, = node.json("elsewhere")["problems"]
        self.assertIn("ReadWritePaths=/srv/metrics", problem)
        self.assertIn("efa_doctor", node.text("let"))

    def check_signals(self, node):
        self.assertEqual(node.text("kill-who.code"), "0\n", node.text("kill-who.err"))
        self.assertNotIn("ended with", node.text("signals"))

    def check_unit(self, node):
        self.assertEqual(node.text("oom"), "continue\n")
        self.assertEqual((node.text("verify.err"), node.text("verify.code")), ("", "0\n"))
        exposure = float(re.search(r"exposure level for .*: ([\d.]+)", node.text("security")).group(1))
        self.assertLessEqual(exposure, 3.0)

    def check_status(self, node):
        self.assertRegex(node.text("killed"), "^unknown  the service ended unexpectedly")
        self.assertRegex(node.text("back"), "^healthy ")
        self.assertEqual(len(set(node.text("pids").split())), 2)
        for user in ("stopped", "stopped-nobody"):
            self.assertRegex(node.text(user), r"^healthy .*\n(?s:.*)service  stopped at 20")
            self.assertEqual(node.text(user + ".code"), "0\n")
        for user in ("crashing", "crashing-nobody"):
            self.assertRegex(node.text(user), "^unknown  the service does not start .* again [1-9]")
            self.assertEqual(node.text(user + ".code"), "3\n")
        self.assertRegex(node.text("mended"), "^healthy ")
        self.assertNotIn("service ", node.text("mended"))


if __name__ == "__main__":
    run_tests()
