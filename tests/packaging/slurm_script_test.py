"""The Slurm script against an efa-doctor and a scontrol that say what the test wants."""

import pathlib
import subprocess
import unittest

from efa_doctor import SOURCE, Case, write

SCRIPT = SOURCE / "packaging/slurm/efa-doctor-slurm"
SICK = "unhealthy  0000:02:00.0: no driver is bound [driver.not-bound]"
OURS = "Reason=efa-doctor: 0000:02:00.0: no driver is bound [driver.not-bound] [root@2026-11-25T04:00:00]"


class SlurmScriptTest(Case):
    def run_script(self, status, state, reason="", settings="", **environment):
        """What the script asks scontrol to update, and its exit code."""
        programs = self.directory / "bin"
        asked = self.directory / "asked"
        asked.unlink(missing_ok=True)
        write(programs / "efa-doctor", f"#!/bin/sh\ncat <<'END'\n{status}\nEND\nexit 2\n", 0o755)
        write(programs / "scontrol", f"""#!/bin/sh
if [ "$1" = update ]; then shift; printf '%s\\n' "$@" > {asked}; exit 0; fi
[ "$*" = "--oneliner show node n1" ] || exit 1
echo 'NodeName=n1 Arch=x86_64 State={state} ThreadsPerCore=1 {reason} Comment=(null)'
""", 0o755)
        run = subprocess.run(
            [SCRIPT], text=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={"PATH": f"{programs}:/usr/bin:/bin", "SLURMD_NODENAME": "n1",
                 "EFA_DOCTOR_SLURM_CONF": str(write(self.directory / "slurm.conf", settings)),
                 **environment})
        self.assertEqual((run.stdout, run.stderr), ("", ""))
        return asked.read_text().splitlines() if asked.exists() else [], run.returncode

    def test_a_broken_node_is_drained_with_its_root_cause(self):
        self.assertEqual(self.run_script(SICK, "IDLE"), (
            ["nodename=n1", "state=drain",
             "reason=efa-doctor: 0000:02:00.0: no driver is bound [driver.not-bound]"], 0))
        self.assertEqual(self.run_script(SICK, "MIXED+DRAIN", OURS), ([], 0), "once is enough")

    def test_a_healthy_node_is_resumed_only_when_it_was_drained_here(self):
        resumed = (["nodename=n1", "state=resume"], 0)
        for verdict in ("healthy  4 EFA devices work", "not_applicable  no EFA expected"):
            self.assertEqual(self.run_script(verdict, "IDLE+DRAIN", OURS), resumed)
            self.assertEqual(self.run_script(verdict, "IDLE"), ([], 0))
            for reason in ("Reason=disk [root@2026-11-25T04:00:00]", "",
                           "Reason=see efa-doctor: mine [ops@2026-11-25T04:00:00]"):
                self.assertEqual(self.run_script(verdict, "IDLE+DRAIN", reason), ([], 0))
        for verdict in ("unknown  the node is starting", "degraded  3 of 4"):
            self.assertEqual(self.run_script(verdict, "IDLE+DRAIN", OURS), ([], 0))

    def test_only_verdicts_of_the_settings_drain(self):
        for verdict in ("degraded  3 of 4", "unknown  the health file is stale"):
            self.assertEqual(self.run_script(verdict, "IDLE"), ([], 0))
            asked, _ = self.run_script(verdict, "IDLE", settings='DRAIN_ON="degraded unknown"\n')
            self.assertIn("state=drain", asked)

    def test_what_fails_here_changes_nothing(self):
        for status in ("", "efa-doctor: error: no such option", "sh: efa-doctor: not found"):
            self.assertEqual(self.run_script(status, "IDLE"), ([], 0))

    def test_a_reason_is_one_tame_line(self):
        asked, _ = self.run_script("unhealthy  a'b\"c`id`$(id);\\ " + "x" * 1000, "IDLE")
        self.assertEqual(len(asked), 3)
        self.assertRegex(asked[2], r"^reason=efa-doctor: a\?b\?c\?id\?\?\(id\);\? x+$")
        self.assertLess(len(asked[2]), 350)

    def test_as_a_prolog_it_keeps_jobs_off_a_broken_node(self):
        prolog = {"SLURM_SCRIPT_CONTEXT": "prolog_slurmd"}
        asked, code = self.run_script(SICK, "IDLE", **prolog)
        self.assertEqual((asked[1], code), ("state=drain", 1))
        self.assertEqual(self.run_script("healthy  fine", "IDLE", **prolog), ([], 0))


if __name__ == "__main__":
    unittest.main()
