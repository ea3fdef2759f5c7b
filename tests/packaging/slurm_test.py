"""packaging/slurm/efa-health-check run by a real Slurm: broken nodes drain, healed ones resume."""

import pathlib
import shlex
import sys
import time
import unittest

import slurm
from efa_doctor import EFA_DOCTOR, SOURCE, Case, machine_without_driver, machine_without_efa, write

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text()
ROUNDS_S = 6  # three health checks


class SlurmTest(Case):
    def setUp(self):
        super().setUp()
        script = SOURCE / "packaging/slurm/efa-health-check"
        settings = self.directory / "settings"
        wrapper = write(self.directory / "health-check", f"""#!/bin/sh
export PATH={self.directory}/bin:/usr/bin:/bin EFA_HEALTH_CHECK_SETTINGS={settings}
echo run >> {self.directory}/runs
exec {script}
""", 0o755)
        write(self.directory / "bin/efa-doctor", f"""#!/bin/sh
exec {shlex.quote(EFA_DOCTOR)} --config {self.config} "$@"
""", 0o755)
        self.look(broken=False)
        self.slurm = slurm.Slurm(wrapper)
        write(settings, f"export SLURM_CONF={self.slurm.config}\nNODE={self.slurm.node}\n")
        self.slurm.__enter__()
        self.addCleanup(self.slurm.__exit__)

    def look(self, broken):
        """A pass over a machine of this boot; twice, because the second confirms a recovery."""
        root = self.directory / ("broken" if broken else "whole")
        if not root.exists():
            (machine_without_driver if broken else machine_without_efa)(root)
            write(root / "proc/sys/kernel/random/boot_id", BOOT_ID)
        for _ in range(2):
            expect = ["--expect", "1"] if broken else ["--expect", "none"]
            verdict = self.report("--sysroot", root, *expect)["verdict"]
        self.assertEqual(verdict, "unhealthy" if broken else "not_applicable")

    def rounds(self):
        """Lets some health checks pass, and sees that they did."""
        runs = self.directory / "runs"
        before = len(runs.read_text())
        time.sleep(ROUNDS_S)
        self.assertGreater(len(runs.read_text()), before)

    def test_a_broken_node_drains_with_its_root_cause_and_resumes_when_it_works(self):
        self.rounds()
        self.assertEqual((self.slurm.state(), self.slurm.reason()), ("IDLE", ""))
        self.look(broken=True)
        self.slurm.wait_for(lambda: self.slurm.state() == "IDLE+DRAIN")
        cause = self.efa_doctor("status", "--format", "reason").stdout.strip()
        self.assertRegex(cause, r"^(driver|kernel)\.")
        self.assertEqual(self.slurm.reason(), "efa-doctor: " + cause)
        self.look(broken=False)
        self.slurm.wait_for(lambda: self.slurm.state() == "IDLE")
        self.assertEqual(self.slurm.reason(), "")

    def test_a_node_drained_by_hand_stays_so(self):
        done = self.slurm.scontrol("update", f"NodeName={self.slurm.node}", "State=DRAIN",
                                   "Reason=disk is slow")
        self.assertEqual(done.returncode, 0, done.stderr)
        for broken in (False, True, False):
            self.look(broken)
            self.rounds()
            self.assertEqual((self.slurm.state(), self.slurm.reason()),
                             ("IDLE+DRAIN", "disk is slow"))


if __name__ == "__main__":
    if slurm.missing():
        print("skipped:", slurm.missing())
        sys.exit(77)
    unittest.main()
