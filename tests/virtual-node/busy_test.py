"""A node that computes on all its CPUs, as HPC nodes do: passes of the service as it is shipped blame
no healthy device, and name exactly the one that is silent.

BUSY_PASSES=50 BUSY_SILENT_PASSES=20 for a run by hand, VIRTUAL_NODE_KERNELS for kernels; else a few
passes on the newest.
"""

import os
import re
import unittest

from scenarios_test import DoctorNode
from virtual_node import kernels, run_tests

PASSES = int(os.environ.get("BUSY_PASSES", 3))
SILENT_PASSES = int(os.environ.get("BUSY_SILENT_PASSES", 2))
SILENT = "0000:02:00.0"
LIMIT_S = 60 + 20 * PASSES + 120 * SILENT_PASSES

# a job of more weight than ours on every CPU, in a control group of its own, and the service
START = """
systemctl start efa-doctor
until_ok test -s /run/efa-doctor/health.json
for cpu in $(seq $(nproc)); do
  systemd-run --quiet --unit busy$cpu -p Nice=-10 /bin/sh -c 'while :; do :; done'
done
"""
HEALTHY = f"""
for number in $(seq {PASSES}); do pass healthy$number; done
cat /proc/pressure/cpu > /tmp/seen/pressure
"""
# bound anew, a device is well again until it is told to be silent: each pass meets a fresh one
ONE_SILENT = f"""
driver=/sys/bus/pci/drivers/efa
for number in $(seq {SILENT_PASSES}); do
  vefa-host fault 1 admin=silent > /dev/null
  pass silent$number
  vefa-host fault 1 admin=ok > /dev/null
  echo {SILENT} > $driver/unbind
  echo {SILENT} > $driver/bind
  until_ok ls /sys/bus/pci/devices/{SILENT}/infiniband
  udevadm settle
  await bound-ms healthy
done
systemctl stop 'busy*'
"""


def above_info(report):
    """What the report says to be wrong, or not to be known although it decides."""
    return [(f["code"], f["subject"], f["message"]) for f in report["findings"]
            if (f["result"] == "fail" and f["severity"] != "info" and not f.get("explained_by"))
            or (f["result"] == "unknown" and f["severity"] == "critical" and not f.get("explained_by"))]


class BusyTest(unittest.TestCase):
    def test_no_healthy_device_is_blamed_and_the_silent_one_is(self):
        named = "VIRTUAL_NODE_KERNELS" in os.environ
        for suite, kernel in kernels() if named else kernels()[-1:]:
            with self.subTest(suite=suite, kernel=kernel):
                self.look(suite, kernel)

    def look(self, suite, kernel):
        node = DoctorNode(START + HEALTHY + ONE_SILENT, "--timeout", LIMIT_S, suite=suite,
                          kernel=kernel, limit_s=LIMIT_S + 120)
        healthy = [node.json(f"healthy{number + 1}") for number in range(PASSES)]
        silent = [node.json(f"silent{number + 1}") for number in range(SILENT_PASSES)]
        self.assertEqual(len({r["run"]["sequence"] for r in healthy + silent}),
                         PASSES + SILENT_PASSES, "each report is of a pass of its own")
        for report in healthy:
            self.assertEqual((report["verdict"], above_info(report)), ("healthy", []))
        for report in silent:
            self.assertEqual(report["verdict"], "unhealthy", report["summary"])
            self.assertEqual({subject for code, subject, message in above_info(report)}, {SILENT},
                             above_info(report))
        for report in healthy + silent:
            self.assertLess(report["run"]["duration_ms"], 10_000)
        pressure = int(re.search(r"avg10=(\d+)", node.text("pressure")).group(1))
        self.assertGreater(pressure, 50, "the node was busy")
        print(f"{suite} {kernel}: {self.times(healthy)} of {PASSES} healthy passes,"
              f" {self.times(silent)} of {SILENT_PASSES} with a silent device;"
              f" CPU pressure {pressure} %", flush=True)
        node.remove()

    @staticmethod
    def times(reports):
        times = sorted(report["run"]["duration_ms"] for report in reports)
        return f"{times[len(times) // 2]} ms, at most {times[-1]} ms"


if __name__ == "__main__":
    run_tests()
