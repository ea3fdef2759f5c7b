"""packaging/slurm/efa-health-check run by a real Slurm: broken nodes drain, healed ones resume."""

import json
import pathlib
import re
import shlex
import sys
import time
import unittest

import slurm
from efa_doctor import (EFA_DOCTOR, SOURCE, VERDICTS, Case, machine_without_driver,
                        machine_without_efa, write)

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
ROUNDS_S = 6  # three health checks


def utc(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class RealSlurm(Case):
    nodes = 1
    spread_s = 0
    settings = "DRAIN_ACTORS=node_operator,image_owner"  # the fault that is made is of those
    actor = None  # or who cures it instead

    def setUp(self):
        super().setUp()
        script = SOURCE / "packaging/slurm/efa-health-check"
        settings = self.directory / "settings"
        wrapper = write(self.directory / "health-check", f"""#!/bin/sh
export PATH={self.directory}/bin:/usr/bin:/bin EFA_HEALTH_CHECK_SETTINGS={settings}
export EFA_HEALTH_CHECK_HELD={self.directory}/held-$SLURMD_NODENAME
export EFA_HEALTH_CHECK_ASKED={self.directory}/asked-$SLURMD_NODENAME
echo run >> {self.directory}/runs
exec {script}
""", 0o755)
        write(self.directory / "bin/efa-doctor", f"""#!/bin/sh
exec {shlex.quote(EFA_DOCTOR)} --config {self.config} "$@"
""", 0o755)
        self.look(broken=False)
        self.slurm = slurm.Slurm(wrapper, self.nodes)
        write(settings, f"export SLURM_CONF={self.slurm.config}\nSPREAD_S={self.spread_s}\n{self.settings}\n")
        self.slurm.__enter__()
        self.addCleanup(self.slurm.__exit__)

    def look(self, broken):
        """The health file as a pass over such a machine judges it (that of a sysroot writes none)."""
        root = self.directory / ("broken" if broken else "whole")
        if not root.exists():
            (machine_without_driver if broken else machine_without_efa)(root)
        report = self.report("--sysroot", root, "--expect", "1" if broken else "none")
        self.assertEqual(report["verdict"], "unhealthy" if broken else "not_applicable")
        code = VERDICTS[report["verdict"]]
        now = time.time()
        health = {"verdict": report["verdict"], "exit_code": code, "summary": report["summary"],
                  "root_causes": report["root_causes"], "generated_at": utc(now),
                  "causes": [{"code": finding["code"], "severity": finding["severity"],
                              "actor": self.actor or finding["remedy"]["actor"]}
                             for finding in report["findings"]
                             if finding["code"] in report["root_causes"]
                             and finding["result"] == "fail"],
                  "valid_until": utc(now + 900), "boot_id": BOOT_ID, "sequence": 1,
                  "starting": False, "recovering": False, "report": "/none", "problems": []}
        self.assert_valid(health, "health")
        beside = write(self.run_directory / "health.new", json.dumps(health))
        beside.rename(self.run_directory / "health.json")
        status = self.efa_doctor("status", "--format", "reason", "--actors",
                                 "node_operator,image_owner")
        self.assertEqual(status.returncode, code)
        return status.stdout.strip()

    def rounds(self):
        """Lets some health checks pass, and sees that they did."""
        runs = self.directory / "runs"
        before = len(runs.read_text())
        time.sleep(ROUNDS_S)
        self.assertGreater(len(runs.read_text()), before)

    def drained(self):
        return [node for node in self.slurm.nodes if "DRAIN" in self.slurm.state(node)]

    def update(self, node, *fields):
        done = self.slurm.scontrol("update", f"NodeName={node}", *fields)
        self.assertEqual(done.returncode, 0, done.stderr)


class OneNode(RealSlurm):
    def test_a_broken_node_drains_with_its_root_cause_and_resumes_when_it_works(self):
        self.rounds()
        self.assertEqual((self.slurm.state(), self.slurm.reason()), ("IDLE", ""))
        cause = self.look(broken=True)
        self.slurm.wait_for(lambda: self.slurm.state() == "IDLE+DRAIN")
        self.assertRegex(cause, r"^unhealthy (driver|kernel)\.[a-z-]+")
        self.assertEqual(self.slurm.reason(), "efa-doctor: " + cause)
        self.look(broken=False)
        self.slurm.wait_for(lambda: self.slurm.state() == "IDLE")
        self.assertEqual(self.slurm.reason(), "")

    def test_a_node_drained_by_hand_stays_so(self):
        self.update(self.slurm.node, "State=DRAIN", "Reason=disk is slow")
        for broken in (False, True, False):
            self.look(broken)
            self.rounds()
            self.assertEqual((self.slurm.state(), self.slurm.reason()),
                             ("IDLE+DRAIN", "disk is slow"))


class HyperPod(RealSlurm):
    settings = "HYPERPOD_REPLACE=yes"
    actor = "aws_support"

    def test_a_node_that_drained_empty_is_ordered_anew_and_then_let_be(self):
        self.look(broken=True)
        self.slurm.wait_for(lambda: self.slurm.reason() == "Action:Replace")
        self.assertEqual(self.slurm.state(), "IDLE+FAIL")
        self.look(broken=False)
        self.rounds()
        self.assertEqual((self.slurm.state(), self.slurm.reason()), ("IDLE+FAIL", "Action:Replace"))


class TenNodes(RealSlurm):
    """All at the same second, with one health file: as a release or a rule that is wrong everywhere."""

    nodes = 10
    spread_s = 4
    settings = RealSlurm.settings + "\nMAX_DRAINED_PERCENT=30"

    def test_of_ten_sick_at_once_the_brake_lets_three_go_and_all_come_back(self):
        by_hand = self.slurm.nodes[4]
        self.slurm.scontrol("update", f"NodeName={by_hand}", "State=DRAIN", "Reason=disk is slow")
        self.look(broken=True)
        most = 0
        self.slurm.wait_for(lambda: len(self.drained()) > 3)
        settled = time.monotonic() + 3 * ROUNDS_S
        while time.monotonic() < settled:
            time.sleep(0.2)
            most = max(most, len(self.drained()) - 1)
        reasons = {node: self.slurm.reason(node) for node in self.drained()}
        print(f"at most {most} of ten drained at a time by efa-doctor, in the end: {reasons}")
        ours = [node for node, reason in reasons.items() if reason.startswith("efa-doctor: ")]
        self.assertEqual((len(ours), most), (3, 3))
        self.look(broken=False)
        self.slurm.wait_for(lambda: self.drained() == [by_hand])
        self.assertEqual(self.slurm.reason(by_hand), "disk is slow")

    def test_a_dry_run_drains_none(self):
        write(self.directory / "settings", f"export SLURM_CONF={self.slurm.config}\nSPREAD_S=0\n"
              f"{self.settings}\nDRY_RUN=yes\n")
        self.look(broken=True)
        self.rounds()
        self.assertEqual(self.drained(), [])


class Replaced(RealSlurm):
    """Ten nodes whose instances would be replaced, as by ParallelCluster's clustermgtd: it puts a reason
    of its own over ours within a minute, and the next instance resumes the node."""

    nodes = 10
    spread_s = 4
    settings = "REPLACED=yes\nMAX_DRAINED_NODES=1"
    actor = "aws_support"

    def mark(self, node):
        """What the Comment says of a drain."""
        found = re.search(r" Comment=(efa-doctor drained \d+)", self.slurm.show(node))
        return found[1] if found else ""

    def assert_that_none_drains(self, but=()):
        settled = time.monotonic() + 3 * ROUNDS_S
        while time.monotonic() < settled:
            time.sleep(0.2)
            self.assertLessEqual(set(self.drained()), set(but))

    def test_while_the_first_is_replaced_no_second_drains_and_afterwards_one_does(self):
        self.look(broken=True)
        self.slurm.wait_for(self.drained)
        first, = self.drained()
        mark = self.mark(first)
        self.assertTrue(mark, self.slurm.show(first))

        self.update(first, "State=DOWN", "Reason=Static node maintenance: unhealthy node is being replaced")
        self.assert_that_none_drains(but=[first])
        self.assertTrue(self.slurm.reason(first).startswith("Static node maintenance"), self.slurm.reason(first))
        self.assertEqual(self.mark(first), mark)

        # the next instance is up and as sick: neither it nor another drains within the hour
        self.update(first, "State=RESUME", "Reason=Node start up")
        self.slurm.wait_for(lambda: self.slurm.state(first) == "IDLE")
        self.assertEqual(self.mark(first), mark)
        self.assert_that_none_drains()
        self.assertEqual(self.mark(first), mark)

        self.look(broken=False)
        self.slurm.wait_for(lambda: not self.mark(first))
        self.look(broken=True)
        self.slurm.wait_for(self.drained)

    def test_where_the_comment_is_lost_the_reason_counts_while_it_is_young(self):
        one = self.slurm.nodes[4]  # drained, since a registration would end DOWN (ReturnToService=2)
        for reason in ("Static node maintenance: unhealthy node is being replaced", "Scheduler health check failed"):
            self.update(one, "State=DRAIN", f"Reason={reason}")
            self.look(broken=True)
            self.assert_that_none_drains(but=[one])
            self.look(broken=False)
            self.rounds()
        self.update(one, "State=DRAIN", "Reason=disk is slow")
        self.look(broken=True)
        self.slurm.wait_for(lambda: len(self.drained()) > 1)


class FailingProgram(Case):
    def test_a_node_registers_whatever_the_program_returns(self):
        runs = self.directory / "runs"
        program = write(self.directory / "fails", f"#!/bin/sh\necho run >> {runs}\nexit 1\n", 0o755)
        with slurm.Slurm(program) as one:  # waits until the node is IDLE, which it is not before it registers
            self.assertTrue(runs.exists(), "the first run is before that")
            one.wait_for(lambda: len(runs.read_text().splitlines()) > 2)
            self.assertEqual((one.state(), one.reason()), ("IDLE", ""))
            log = (one.directory / "slurmd.log").read_text()
        self.assertIn("health_check failed", log)


if __name__ == "__main__":
    if slurm.missing():
        print("skipped:", slurm.missing())
        sys.exit(77)
    unittest.main()
