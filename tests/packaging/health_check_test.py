"""packaging/slurm/efa-health-check with an efa-doctor and a scontrol that are a few lines of sh."""

import json
import os
import subprocess
import unittest

from efa_doctor import SOURCE, Case, write

SCRIPT = SOURCE / "packaging/slurm/efa-health-check"
CAUSE = "kernel.driver-not-loaded: The efa driver is not loaded"
HEALTHY, DEGRADED, UNHEALTHY, UNKNOWN = range(4)


class HealthCheck(Case):
    def setUp(self):
        super().setUp()
        self.log = self.directory / "updates"
        self.settings = self.directory / "settings"
        self.verdict(HEALTHY)
        self.node("IDLE")

    def tool(self, name, script):
        write(self.directory / "bin" / name, "#!/bin/sh\n" + script, 0o755)

    def verdict(self, code, cause=CAUSE):
        write(self.directory / "cause", cause + "\n")
        self.tool("efa-doctor", f"cat '{self.directory}/cause'\nexit {code}\n")

    def node(self, state, reason=None):
        line = f"NodeName=n1 Arch=x86_64 State={state} ThreadsPerCore=1 Partitions=p"
        if reason:
            line += f" Reason={reason} [root@2026-11-25T04:00:00]"
        write(self.directory / "node", line + "\n")
        self.tool("scontrol", f'''case "$*" in
            *"show node n1"*) cat '{self.directory}/node' ;;
            *) printf '%s\\n' "$@" >> '{self.log}' ;;
            esac''')

    def updates(self):
        """What scontrol was asked to change; the script itself never fails."""
        self.log.unlink(missing_ok=True)
        run = subprocess.run([SCRIPT], timeout=30, capture_output=True, text=True, env={
            "PATH": f"{self.directory}/bin:/usr/bin:/bin", "SLURMD_NODENAME": "n1",
            "EFA_HEALTH_CHECK_SETTINGS": str(self.settings)})
        self.assertEqual(run.returncode, 0, run.stderr)
        return self.log.read_text().split("\n")[2:-1] if self.log.exists() else []

    def test_settings_that_others_may_write_are_not_run(self):
        write(self.settings, f"touch '{self.directory}/ran'\n", 0o646)
        self.assertEqual(self.updates(), [])
        self.assertFalse((self.directory / "ran").exists())
        self.settings.chmod(0o644)
        self.updates()
        self.assertTrue((self.directory / "ran").exists())

    def test_a_broken_node_is_drained_with_its_root_cause(self):
        for state in ("IDLE", "MIXED", "ALLOCATED", "IDLE+CLOUD"):
            self.node(state)
            self.verdict(UNHEALTHY)
            self.assertEqual(self.updates(), ["State=DRAIN", f"Reason=efa-doctor: {CAUSE}"])

    def test_a_healthy_node_is_left_alone(self):
        self.assertEqual(self.updates(), [])
        self.node("IDLE", "a note of mine")
        self.assertEqual(self.updates(), [])

    def test_its_own_drain_is_undone(self):
        self.node("IDLE+DRAIN", f"efa-doctor: {CAUSE}")
        self.assertEqual(self.updates(), ["State=RESUME"])

    def test_a_drain_of_someone_else_stays(self):
        for reason in ("disk", "see efa-doctor: x", "efa-doctor", None):
            for state in ("IDLE+DRAIN", "DOWN", "DOWN*+DRAIN", "MIXED+DRAIN"):
                for verdict in (HEALTHY, UNHEALTHY):
                    self.node(state, reason)
                    self.verdict(verdict)
                    self.assertEqual(self.updates(), [], (state, reason, verdict))

    def test_the_same_cause_is_said_once_a_new_one_again(self):
        self.verdict(UNHEALTHY)
        self.node("IDLE+DRAIN", f"efa-doctor: {CAUSE}")
        self.assertEqual(self.updates(), [])
        self.node("IDLE+DRAIN", "efa-doctor: node.missing: another one")
        self.assertEqual(self.updates(), ["State=DRAIN", f"Reason=efa-doctor: {CAUSE}"])

    def test_unknown_neither_drains_nor_resumes(self):
        self.verdict(UNKNOWN)
        self.assertEqual(self.updates(), [])
        self.node("IDLE+DRAIN", f"efa-doctor: {CAUSE}")
        self.assertEqual(self.updates(), [])

    def test_what_drains_is_a_setting(self):
        write(self.settings, 'DRAIN_ON="unhealthy degraded unknown"\n')
        for verdict in (DEGRADED, UNHEALTHY, UNKNOWN):
            self.verdict(verdict)
            self.assertEqual(self.updates()[:1], ["State=DRAIN"])
        write(self.settings, "")
        self.verdict(DEGRADED)
        self.assertEqual(self.updates(), [])

    def test_what_is_no_verdict_changes_nothing(self):
        for code in (64, 70, 127, 137):
            for node in (("IDLE",), ("IDLE+DRAIN", "efa-doctor: x")):
                self.node(*node)
                self.verdict(code)
                self.assertEqual(self.updates(), [])

    def test_a_mistake_in_the_settings_or_a_slurm_that_is_away_is_no_failure(self):
        self.verdict(UNHEALTHY)
        for mistake in ('DRAIN_ON="', "exit 3", ": $nothing", "if"):
            write(self.settings, mistake + "\n")
            self.assertEqual(self.updates(), [], mistake)
        write(self.settings, "")
        self.tool("scontrol", "exit 1")
        self.assertEqual(self.updates(), [])

    def test_the_reason_is_one_argument_whatever_it_says(self):
        hostile = "a b; touch gone $(touch gone) `touch gone` * State=IDLE [x] 'q' \"r\""
        self.verdict(UNHEALTHY, hostile)
        self.assertEqual(self.updates(), ["State=DRAIN", f"Reason=efa-doctor: {hostile}"])
        self.node("IDLE+DRAIN", f"efa-doctor: {hostile}")
        self.assertEqual(self.updates(), [])

    def test_the_age_is_a_setting(self):  # with efa-doctor itself
        self.once("--expect", "1")
        health = self.run_directory / "health.json"
        text = json.loads(health.read_text())
        text.update(verdict="unhealthy", exit_code=2, root_causes=["pci.none-found"],
                    summary="No EFA device", generated_at="2026-01-01T00:00:00Z")
        text["valid_until"] = "2099-01-01T00:00:00Z"
        # as a file that does not tell its age by the time since boot
        del text["generated_boottime_ms"], text["valid_until_boottime_ms"]
        write(health, json.dumps(text))
        self.tool("efa-doctor", f'exec "{os.environ["EFA_DOCTOR"]}" --config "{self.config}" "$@"')
        self.assertEqual(self.updates(), [])
        write(self.settings, "MAX_AGE_S=999999999\n")
        self.assertEqual(self.updates(), ["State=DRAIN",
                                          "Reason=efa-doctor: pci.none-found: No EFA device"])


if __name__ == "__main__":
    unittest.main()
