"""packaging/slurm/efa-health-check with an efa-doctor, a scontrol and a sinfo of a few lines of sh."""

import json
import os
import subprocess
import time
import unittest

from efa_doctor import SOURCE, Case, write

SCRIPT = SOURCE / "packaging/slurm/efa-health-check"
CAUSE = "unhealthy 0/4 kernel.driver-not-loaded"
WISH = "efa-doctor wants to drain"
DRAINED = ["State=DRAIN", f"Reason=efa-doctor: {CAUSE}", "Comment="]
GONE = "efa-doctor drained"
TO_BE_REPLACED = [*DRAINED[:2], f"Comment={GONE}"]
STATIC, DYNAMIC = "Static node maintenance: unhealthy node is being replaced", "Scheduler health check failed"
HEALTHY, DEGRADED, UNHEALTHY, UNKNOWN = range(4)


class HealthCheck(Case):
    def setUp(self):
        super().setUp()
        self.log = self.directory / "updates"
        self.asked = self.directory / "asked"
        self.said = self.directory / "said"
        self.tool("logger", f'shift 3; echo "$*" >> "{self.said}"')
        self.fleet(0, 40)
        self.settings = self.directory / "settings"
        self.verdict(HEALTHY)
        self.node("IDLE")

    def tool(self, name, script):
        write(self.directory / "bin" / name, "#!/bin/sh\n" + script, 0o755)

    def verdict(self, code, cause=CAUSE):
        write(self.directory / "cause", cause + "\n")
        self.tool("efa-doctor", f"cat '{self.directory}/cause'\nexit {code}\n")

    def causes(self, of_hardware, of_others, code=UNHEALTHY):
        """By who removes them; `exit N` where it cannot be told of others."""
        others = of_others if of_others.startswith("exit") else f"echo '{of_others}'; exit {code}"
        self.tool("efa-doctor", f"""case "$*" in
            *" aws_support") echo '{of_hardware}'; exit {code} ;;
            *" image_owner,account_owner") {others} ;;
            *) echo '{CAUSE}'; exit {code} ;;
            esac""")

    def node(self, state, reason=None, comment=None):
        line = f"NodeName=n1 Arch=x86_64 State={state} ThreadsPerCore=1 Partitions=p"
        if comment:
            line += f" Comment={comment}"
        if reason:
            line += f" Reason={reason} [root@2026-11-25T04:00:00]"
        write(self.directory / "node", line + "\n")
        self.tool("scontrol", f'''echo "$*" >> '{self.asked}'; case "$*" in
            *"show node n1"*) cat '{self.directory}/node' ;;
            *) printf '%s\\n' "$@" >> '{self.log}' ;;
            esac''')

    def fleet(self, drained, nodes):
        """What sinfo says: each node in two partitions, and one that someone else has drained."""
        rows = [self.row(f"d{n}", "drained", reason=f"efa-doctor: {CAUSE}") for n in range(drained)]
        rows += [self.row("x", "drained", reason="see efa-doctor: no"), self.row("y", comment="not efa-doctor")]
        rows += [self.row(f"n{n}") for n in range(nodes - len(rows))]
        write(self.directory / "fleet", "".join(rows * 2))
        self.tool("sinfo", f'echo "sinfo $*" >> "{self.asked}"; cat "{self.directory}/fleet"')

    @staticmethod
    def row(name, state="idle", comment="", reason_s=None, reason="none"):
        """A line of sinfo; the reason is as many seconds old."""
        stamp = "Unknown" if reason_s is None else time.strftime(
            "%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - reason_s))
        return f"{name:128}{state[:16]:16}{comment[:48]:48}{stamp:20}{reason[:32]:32}\n"

    def other(self, **row):
        """A node more in the fleet."""
        with open(self.directory / "fleet", "a", encoding="utf-8") as fleet:
            fleet.write(self.row("other", **row))

    def logged(self):
        return self.said.read_text() if self.said.exists() else ""

    def drained(self):
        """What scontrol was asked to change, after the wish to drain."""
        asked = self.updates()
        self.assertIn(asked[:3], ([], [f"Comment={WISH}", "update", "NodeName=n1"]))
        return asked[3:]

    def updates(self):
        """What scontrol was asked to change; the script itself never fails."""
        for path in (self.log, self.asked, self.said):
            path.unlink(missing_ok=True)
        if not self.settings.exists():
            write(self.settings, "SPREAD_S=0\n")
        run = subprocess.run([SCRIPT], timeout=30, capture_output=True, text=True, env={
            "PATH": f"{self.directory}/bin:/usr/bin:/bin", "SLURMD_NODENAME": "n1", "TZ": "UTC",
            "EFA_HEALTH_CHECK_SETTINGS": str(self.settings),
            "EFA_HEALTH_CHECK_HELD": str(self.directory / "held"),
            "EFA_HEALTH_CHECK_ASKED": str(self.directory / "asked-this-boot"),
            "EFA_HEALTH_CHECK_PCLUSTER": str(self.directory / "parallelcluster")})
        self.assertEqual(run.returncode, 0, run.stderr)
        asked = self.log.read_text().split("\n")[2:-1] if self.log.exists() else []
        return [self.without_time(line) for line in asked]

    def without_time(self, line):
        """A wish says when it was made, and a drain too: just now."""
        for said in (WISH, GONE):
            if line.startswith(f"Comment={said}"):
                self.assertRegex(line, rf"^Comment={said} \d+$")
                self.assertLess(abs(time.time() - int(line.rpartition(" ")[2])), 60, line)
                return f"Comment={said}"
        return line

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
            self.assertEqual(self.drained(), DRAINED)

    def test_a_healthy_node_is_left_alone(self):
        self.assertEqual(self.updates(), [])
        self.node("IDLE", "a note of mine")
        self.assertEqual(self.updates(), [])

    def test_a_healthy_node_asks_slurm_once_a_boot(self):
        self.updates()
        self.assertIn("show node", self.asked.read_text())
        for verdict in (HEALTHY, DEGRADED, UNKNOWN):
            self.verdict(verdict)
            self.updates()
            self.assertFalse(self.asked.exists())

    def test_a_drain_of_its_own_is_remembered_so_that_it_is_undone(self):
        self.updates()
        self.verdict(UNHEALTHY)
        self.updates()
        self.node("IDLE+DRAIN", f"efa-doctor: {CAUSE}")
        self.verdict(HEALTHY)
        self.assertEqual(self.updates(), ["State=RESUME"])
        self.node("IDLE")
        self.updates()
        self.assertFalse(self.asked.exists())

    def test_the_brake_holds_at_a_share_and_at_a_number(self):
        self.verdict(UNHEALTHY)
        for settings, drained, drains in (
                ("", 3, True), ("", 4, False), ("MAX_DRAINED_NODES=2", 1, True),
                ("MAX_DRAINED_NODES=2", 2, False), ("MAX_DRAINED_NODES=0", 0, False),
                ("MAX_DRAINED_NODES=20", 4, False), ("MAX_DRAINED_PERCENT=1", 0, True),
                ("MAX_DRAINED_PERCENT=1", 1, False), ("MAX_DRAINED_PERCENT=0", 0, False),
                ("MAX_DRAINED_PERCENT=0 MAX_DRAINED_NODES=5", 0, False)):
            write(self.settings, f"SPREAD_S=0 {settings}\n")
            self.fleet(drained, 40)
            self.assertEqual(self.drained(), DRAINED if drains else [], settings)
            if not drains:
                self.assertIn(f"{drained} of 40 nodes are drained by efa-doctor", self.logged())

    def test_where_it_cannot_be_counted_nothing_drains(self):
        self.verdict(UNHEALTHY)
        for sinfo in ("exit 1", "exit 0", "sleep 20"):
            self.tool("sinfo", sinfo)
            self.assertEqual(self.updates(), [])

    def test_who_wants_to_drain_too_late_gives_way(self):
        self.verdict(UNHEALTHY)
        # others came in between
        self.tool("sinfo", f"""cat '{self.directory}/fleet'
            for n in 1 2 3 4 5; do printf '%-128s%-16s%-48s%-20snone\\n' late$n idle "{WISH} $(date +%s)" Unknown; done >> '{self.directory}/fleet'""")
        self.assertEqual(self.updates(), [f"Comment={WISH}", "update", "NodeName=n1", "Comment="])
        self.assertIn("does not drain: 5 of", self.logged())

    def test_a_wish_that_was_left_is_taken_back(self):
        for wish in (WISH, f"{WISH} 1"):
            self.node("IDLE", comment=wish)
            (self.directory / "asked-this-boot").unlink(missing_ok=True)
            self.assertEqual(self.updates(), ["Comment="])

    def test_a_wish_that_was_left_is_made_anew_where_it_still_drains(self):
        self.verdict(UNHEALTHY)
        self.node("IDLE", comment=f"{WISH} 1")
        self.assertEqual(self.updates(), [f"Comment={WISH}", "update", "NodeName=n1", *DRAINED])

    def test_a_wish_counts_for_ten_minutes(self):
        self.verdict(UNHEALTHY)
        write(self.settings, "SPREAD_S=0 MAX_DRAINED_NODES=1\n")
        now = int(time.time())
        for wish, counts in ((f"{WISH} {now}", True), (f"{WISH} {now - 500}", True), (f"{WISH} {now + 500}", True),
                             (f"{WISH} {now - 700}", False), (f"{WISH} {now + 700}", False), (f"{WISH} 1", False),
                             (WISH, False), (f"not {WISH} {now}", False)):
            self.fleet(0, 40)
            self.other(comment=wish)
            self.assertEqual(self.drained(), [] if counts else DRAINED, wish)

    def test_a_comment_of_the_site_stays(self):
        self.node("IDLE", comment="rack 7")
        self.verdict(UNHEALTHY)
        self.assertEqual(self.updates(), ["State=DRAIN", f"Reason=efa-doctor: {CAUSE}"])

    def test_a_dry_run_says_what_it_would_do(self):
        write(self.settings, "SPREAD_S=0 DRY_RUN=yes\n")
        self.verdict(UNHEALTHY)
        self.assertEqual(self.updates(), [])
        self.assertIn(f"would drain: {CAUSE}", self.logged())

    def test_where_a_drained_node_is_replaced_it_is_a_dry_run_of_hardware_faults(self):
        write(self.directory / "parallelcluster/cfnconfig", "")
        self.causes(CAUSE, "")
        self.assertEqual(self.updates(), [])
        self.assertIn("would drain", self.logged())
        write(self.settings, "SPREAD_S=0 DRY_RUN=no\n")
        self.assertEqual(self.drained(), TO_BE_REPLACED)
        self.fleet(1, 40)
        self.assertEqual(self.updates(), [])
        self.fleet(0, 40)
        self.causes("", "")
        self.assertEqual(self.updates(), [], "an operator's cause")

    def test_where_a_drained_node_is_replaced_none_drains_for_what_the_next_would_have_too(self):
        of_image = "unhealthy 0/4 kernel.driver-not-installed"
        write(self.settings, "SPREAD_S=0 REPLACED=yes\n")
        for of_others, said in ((of_image, of_image), ("exit 3", "not known"), ("exit 124", "not known")):
            self.causes(CAUSE, of_others)
            self.node("IDLE", comment=WISH)
            self.assertEqual(self.updates(), ["Comment="])
            self.assertIn(f"the next node would be no better: {said}" if said == of_image else said, self.logged())
        self.node("IDLE")
        self.causes(CAUSE, "")
        self.assertEqual(self.drained(), TO_BE_REPLACED)
        for code, drains in ((DEGRADED, True), (UNKNOWN, False)):
            write(self.settings, 'SPREAD_S=0 REPLACED=yes DRAIN_ON="degraded unknown"\n')
            self.causes(CAUSE, "", code)
            self.assertEqual(self.drained(), TO_BE_REPLACED if drains else [], code)
        write(self.settings, "SPREAD_S=0\n")
        self.causes(CAUSE, of_image)
        self.assertEqual(self.drained(), DRAINED, "nothing replaces it")
        write(self.directory / "parallelcluster/cfnconfig", "")
        write(self.settings, "SPREAD_S=0 DRY_RUN=no\n")
        self.assertEqual(self.updates(), [], "AWS ParallelCluster does")

    def test_a_node_that_is_replaced_counts_for_an_hour_whatever_its_reason_became(self):
        write(self.directory / "parallelcluster/cfnconfig", "")
        write(self.settings, "SPREAD_S=0 DRY_RUN=no\n")
        self.causes(CAUSE, "")
        now = int(time.time())
        drained = dict(state="down", reason=STATIC, reason_s=9999)
        for row, counts in (
                (dict(drained, comment=f"{GONE} {now}"), True), (dict(drained, comment=f"{GONE} {now - 3500}"), True),
                (dict(drained, comment=f"{GONE} {now - 3700}"), False), (dict(drained, comment=f"not {GONE} {now}"), False),
                (dict(drained, comment=GONE), False), (dict(comment=f"{GONE} {now - 60}"), True),
                # or by the reasons of clustermgtd, where the Comment is lost
                (dict(state="down", reason=STATIC, reason_s=60), True), (dict(state="down*", reason=STATIC, reason_s=3500), True),
                (dict(state="down", reason=STATIC, reason_s=3700), False), (dict(state="idle", reason=STATIC, reason_s=3700), False),
                (dict(state="idle~", reason=DYNAMIC, reason_s=60), True), (dict(state="idle~", reason=DYNAMIC, reason_s=3700), False),
                (dict(state="idle%", reason=DYNAMIC), True), (dict(state="down", reason=f"see {DYNAMIC}", reason_s=60), False),
                (dict(state="idle", reason="Node start up", reason_s=60), False)):
            self.fleet(0, 40)
            self.other(**row)
            self.assertEqual(self.drained(), [] if counts else TO_BE_REPLACED, row)

    def test_the_reason_of_a_node_in_service_is_an_old_one(self):  # Slurm 23.11 to 25.11 without accounting
        self.verdict(UNHEALTHY)
        write(self.settings, "SPREAD_S=0 MAX_DRAINED_NODES=1\n")
        for state, reason, counts in (
                ("idle", f"efa-doctor: {CAUSE}", False), ("mixed", f"efa-doctor: {CAUSE}", False),
                ("allocated*", f"efa-doctor: {CAUSE}", False), ("idle", "Action:Replace", False),
                ("drained", f"efa-doctor: {CAUSE}", True), ("draining@", f"efa-doctor: {CAUSE}", True),
                ("down*", f"efa-doctor: {CAUSE}", True), ("inval", f"efa-doctor: {CAUSE}", True),
                ("fail", "Action:Replace", True), ("down*", "Action:Replace : Not responding", True)):
            self.fleet(0, 40)
            self.other(state=state, reason=reason, reason_s=60)
            self.assertEqual(self.drained(), [] if counts else DRAINED, (state, reason))

    def test_that_it_drained_is_taken_back_when_the_next_one_works(self):
        for verdict, state, reason, taken_back in (
                (UNKNOWN, "IDLE", None, False), (HEALTHY, "DOWN", STATIC, False),
                (HEALTHY, "IDLE+CLOUD+POWERING_DOWN", DYNAMIC, False), (HEALTHY, "IDLE+CLOUD+POWERING_UP", DYNAMIC, False),
                (HEALTHY, "IDLE+DRAIN", "disk", False), (HEALTHY, "IDLE", None, True), (DEGRADED, "MIXED", None, True)):
            self.verdict(verdict)
            self.node(state, reason, f"{GONE} {int(time.time())}")
            self.assertEqual(self.updates(), ["Comment="] if taken_back else [], (verdict, state, reason))
            self.assertTrue(self.asked.exists(), "and asked again, though it did this boot")
        self.node("IDLE")
        self.updates()
        self.updates()
        self.assertFalse(self.asked.exists())

    def test_its_own_drain_is_undone_and_then_that_it_drained_is_taken_back(self):
        comment = f"{GONE} {int(time.time())}"
        self.node("IDLE+DRAIN", f"efa-doctor: {CAUSE}", comment)
        self.assertEqual(self.updates(), ["State=RESUME"])
        self.node("IDLE", comment=comment)
        self.assertEqual(self.updates(), ["Comment="])

    def test_a_node_that_was_replaced_within_the_hour_is_not_again(self):
        self.causes(CAUSE, "")
        for age_s, drains in ((60, False), (3500, False), (3700, True)):
            write(self.settings, "SPREAD_S=0 REPLACED=yes\n")
            self.node("IDLE", comment=f"{GONE} {int(time.time()) - age_s}")
            self.assertEqual(self.drained(), TO_BE_REPLACED if drains else [], age_s)
            self.assertEqual("it is no better" in self.logged(), not drains)
        write(self.settings, "SPREAD_S=0\n")
        self.node("IDLE", comment=f"{GONE} {int(time.time())}")
        self.assertEqual(self.drained(), DRAINED, "nothing replaces it")

    def test_a_comment_of_the_site_stays_where_nodes_are_replaced_too(self):
        write(self.settings, "SPREAD_S=0 REPLACED=yes\n")
        self.node("IDLE", comment="rack 7")
        self.causes(CAUSE, "")
        self.assertEqual(self.updates(), TO_BE_REPLACED[:2])

    def test_while_a_job_keeps_a_drained_node_from_being_replaced_the_hour_does_not_run(self):
        self.causes(CAUSE, "")
        for settings, state, comment, renewed in (
                ("REPLACED=yes", "MIXED+DRAIN", f"{GONE} 1", True), ("REPLACED=yes", "ALLOCATED+DRAIN", None, True),
                ("REPLACED=yes", "ALLOCATED+DRAIN", "rack 7", False), ("REPLACED=yes", "IDLE+DRAIN", f"{GONE} 1", False),
                ("REPLACED=yes DRY_RUN=yes", "MIXED+DRAIN", f"{GONE} 1", False), ("", "MIXED+DRAIN", None, False)):
            write(self.settings, f"SPREAD_S=0 {settings}\n")
            self.node(state, f"efa-doctor: {CAUSE}", comment)
            self.assertEqual(self.updates(), [f"Comment={GONE}"] if renewed else [], (settings, state, comment))

    def test_a_new_cause_keeps_when_it_drained(self):
        write(self.settings, "SPREAD_S=0 REPLACED=yes\n")
        self.node("IDLE+DRAIN", "efa-doctor: unhealthy 3/4 node.missing", f"{GONE} {int(time.time())}")
        self.causes(CAUSE, "")
        self.assertEqual(self.updates(), TO_BE_REPLACED[:2])

    def test_a_cause_that_no_drain_cures_neither_drains_nor_resumes(self):
        self.verdict(UNHEALTHY, "")
        self.assertEqual(self.updates(), [])
        self.node("IDLE+DRAIN", f"efa-doctor: {CAUSE}")
        self.assertEqual(self.updates(), [])

    def test_no_reason_is_an_order_to_hyperpod(self):
        for hostile in ("Action:Replace", "Action:Reboot"):
            self.verdict(UNHEALTHY, hostile)
            self.assertEqual(self.drained(), ["State=DRAIN", f"Reason=efa-doctor: {hostile}", "Comment="])

    def test_hyperpod_replaces_only_an_empty_node_for_hardware_by_a_switch(self):
        replaced = ["State=FAIL", "Reason=Action:Replace", f"Comment={GONE}"]
        yes = "SPREAD_S=0 HYPERPOD_REPLACE=yes "
        for settings, state, of_hardware, of_others, others, wanted in (
                (yes, "IDLE+DRAIN", CAUSE, "", "", replaced),
                (yes, "IDLE+CLOUD+DRAIN", CAUSE, "", "", replaced),
                ("SPREAD_S=0", "IDLE+DRAIN", CAUSE, "", "", []),
                (yes + "DRY_RUN=yes", "IDLE+DRAIN", CAUSE, "", "", []),
                (yes + "MAX_DRAINED_NODES=0", "IDLE+DRAIN", CAUSE, "", "", []),
                (yes, "MIXED+DRAIN", CAUSE, "", "", []),
                (yes, "ALLOCATED+DRAIN", CAUSE, "", "", []),
                (yes, "IDLE+COMPLETING+DRAIN", CAUSE, "", "", []),
                (yes, "IDLE+DRAIN+MAINTENANCE", CAUSE, "", "", []),
                (yes, "IDLE+DRAIN", "", "", "", []),
                (yes, "IDLE+DRAIN", CAUSE, "unhealthy kernel.uverbs-not-installed", "", []),
                (yes, "IDLE+DRAIN", CAUSE, "exit 3", "", []),
                (yes + "MAX_DRAINED_NODES=9", "IDLE+DRAIN", CAUSE, "", f"efa-doctor: {CAUSE}", []),
                (yes + "MAX_DRAINED_NODES=9", "IDLE+DRAIN", CAUSE, "", "Action:Replace", [])):
            write(self.settings, settings + "\n")
            self.node(state, f"efa-doctor: {CAUSE}")
            self.causes(of_hardware, of_others)
            self.fleet(0, 40)
            if others:
                self.other(state="fail", reason=others)
            self.assertEqual(self.updates(), wanted, (settings, state, of_hardware, of_others, others))

    def test_what_hyperpod_replaces_counts_by_its_comment_too_unless_that_is_the_sites(self):
        write(self.settings, "SPREAD_S=0 HYPERPOD_REPLACE=yes\n")
        self.causes(CAUSE, "")
        self.node("IDLE+DRAIN", f"efa-doctor: {CAUSE}", "rack 7")
        self.assertEqual(self.updates(), ["State=FAIL", "Reason=Action:Replace"])
        self.node("IDLE+DRAIN", f"efa-doctor: {CAUSE}")
        self.other(state="down*", comment=f"{GONE} {int(time.time())}", reason="Not responding")
        self.assertEqual(self.updates(), [])

    def test_a_node_that_hyperpod_acts_on_is_let_be_and_counts(self):
        self.node("IDLE+FAIL", "Action:Replace")
        for verdict in (HEALTHY, UNHEALTHY):
            self.verdict(verdict)
            self.assertEqual(self.updates(), [])
        self.node("IDLE")
        write(self.settings, "SPREAD_S=0 HYPERPOD_REPLACE=yes\n")
        self.assertEqual(self.drained(), DRAINED)
        self.other(state="fail", reason="Action:Reboot")
        self.assertEqual(self.updates(), [])

    def test_in_maintenance_nothing_is_changed(self):
        for verdict, reason in ((UNHEALTHY, None), (HEALTHY, f"efa-doctor: {CAUSE}")):
            self.verdict(verdict)
            for state in ("MAINT", "IDLE+MAINTENANCE", "IDLE+DRAIN+MAINTENANCE"):
                self.node(state, reason)
                self.assertEqual(self.updates(), [])
        self.node("IDLE+DRAIN", f"efa-doctor: {CAUSE}")
        self.assertEqual(self.updates(), ["State=RESUME"], "remembered")

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
        self.node("IDLE+DRAIN", "efa-doctor: unhealthy 3/4 node.missing")
        self.assertEqual(self.updates(), ["State=DRAIN", f"Reason=efa-doctor: {CAUSE}"])

    def test_unknown_neither_drains_nor_resumes(self):
        self.verdict(UNKNOWN)
        self.assertEqual(self.updates(), [])
        self.node("IDLE+DRAIN", f"efa-doctor: {CAUSE}")
        self.assertEqual(self.updates(), [])

    def test_what_drains_is_a_setting(self):
        write(self.settings, 'SPREAD_S=0 DRAIN_ON="unhealthy degraded unknown"\n')
        for verdict in (DEGRADED, UNHEALTHY, UNKNOWN):
            self.verdict(verdict)
            self.assertEqual(self.drained(), DRAINED)
        write(self.settings, "SPREAD_S=0\n")
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
        for mistake in ("MAX_DRAINED_PERCENT=many", "MAX_DRAINED_PERCENT=", "MAX_DRAINED_NODES=x"):
            write(self.settings, f"SPREAD_S=0 {mistake}\n")
            self.assertEqual(self.updates(), [], mistake)
        write(self.settings, "SPREAD_S=0\n")
        self.tool("scontrol", "exit 1")
        self.assertEqual(self.updates(), [])

    def test_the_reason_is_one_argument_whatever_it_says(self):
        hostile = "a b; touch gone $(touch gone) `touch gone` * State=IDLE [x] 'q' \"r\""
        self.verdict(UNHEALTHY, hostile)
        self.assertEqual(self.drained(), ["State=DRAIN", f"Reason=efa-doctor: {hostile}", "Comment="])
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
        write(self.settings, "SPREAD_S=0 MAX_AGE_S=999999999\n")
        self.assertEqual(self.updates(), [], "it is the account's owner who attaches devices")
        write(self.settings, "SPREAD_S=0 MAX_AGE_S=999999999 DRAIN_ACTORS=account_owner\n")
        self.assertEqual(self.drained(), [
            "State=DRAIN", "Reason=efa-doctor: unhealthy 0/1 pci.none-found", "Comment="])


if __name__ == "__main__":
    unittest.main()
