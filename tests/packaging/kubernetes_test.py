"""packaging/kubernetes: the plugin by node-problem-detector's contract, its configuration, YAML.

The contract: node-problem-detector, pkg/custompluginmonitor: types/config.go, types/types.go,
plugin/plugin.go.
"""

import json
import pathlib
import re
import subprocess
import unittest

import yaml

from efa_doctor import SOURCE, Case, write

DIRECTORY = SOURCE / "packaging/kubernetes"
MONITOR = json.loads((DIRECTORY / "efa-plugin-monitor.json").read_text())
OK, NOT_OK, UNKNOWN = range(3)
# What the Go structs know; encoding/json passes over all else in silence.
KNOWN = {
    "": {"plugin", "pluginConfig", "source", "conditions", "rules", "metricsReporting"},
    "pluginConfig": {"invoke_interval", "timeout", "max_output_length", "concurrency",
                     "enable_message_change_based_condition_update", "skip_initial_status"},
    "conditions": {"type", "reason", "message"},
    "rules": {"type", "condition", "reason", "path", "args", "timeout", "invoke_interval"},
}


def objects():
    with open(DIRECTORY / "node-problem-detector.yaml", encoding="utf-8") as text:
        return {one["kind"]: one for one in yaml.safe_load_all(text)}


class Plugin(Case):
    def run_plugin(self, code, reason):
        """With a chroot that runs what follows the directory, and an efa-doctor that ends so."""
        asked = self.directory / "asked"
        write(self.directory / "bin/chroot", f"#!/bin/sh\necho \"$@\" > '{asked}'\n"
              f"cat '{write(self.directory / 'reason', reason)}'\nexit {code}\n", 0o755)
        run = subprocess.run([DIRECTORY / "check-efa"], capture_output=True, text=True, timeout=30,
                             env={"PATH": f"{self.directory}/bin:/usr/bin:/bin"})
        self.assertEqual(asked.read_text().split()[:4],
                         ["/host", "/usr/bin/efa-doctor", "status", "--max-age"])
        self.assertEqual(run.stderr, "")
        self.assertEqual(run.stdout.count("\n"), 1)
        self.assertLessEqual(len(run.stdout.strip()), MONITOR["pluginConfig"]["max_output_length"])
        return run.returncode, run.stdout.strip()

    def test_each_verdict_has_its_exit_code(self):
        for code, wanted in {0: OK, 1: OK, 2: NOT_OK, 3: UNKNOWN}.items():
            self.assertEqual(self.run_plugin(code, "driver.not-bound: why\n"),
                             (wanted, "driver.not-bound: why"))

    def test_no_verdict_is_unknown(self):
        for code in (64, 70, 125, 126, 127, 137):
            self.assertEqual(self.run_plugin(code, ""),
                             (UNKNOWN, f"efa-doctor gave no verdict ({code})"))

    def test_the_longest_reason_of_efa_doctor_is_not_cut(self):
        health = {"verdict": "unhealthy", "summary": "x" * 500, "root_causes": ["pci.none-found"],
                  "generated_at": "2026-01-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z",
                  "boot_id": pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()}
        write(self.run_directory / "health.json", json.dumps(health))
        reason = self.efa_doctor("status", "--format", "reason").stdout
        self.assertGreater(len(reason), 150)
        self.assertEqual(self.run_plugin(2, reason), (NOT_OK, reason.strip()))


class Configuration(unittest.TestCase):
    def test_the_monitor_has_only_members_that_are_read(self):
        self.assertEqual(MONITOR["plugin"], "custom")
        self.assertLessEqual(set(MONITOR), KNOWN[""])
        self.assertLessEqual(set(MONITOR["pluginConfig"]), KNOWN["pluginConfig"])
        for name in ("conditions", "rules"):
            for member in MONITOR[name]:
                self.assertLessEqual(set(member), KNOWN[name])

    def test_the_permanent_condition_has_a_default(self):
        defaults = {condition["type"] for condition in MONITOR["conditions"]}
        for rule in MONITOR["rules"]:
            self.assertEqual(rule["type"], "permanent")
            self.assertIn(rule["condition"], defaults)

    def test_the_daemon_set_brings_what_the_monitor_needs(self):
        spec = objects()["DaemonSet"]["spec"]
        pod = spec["template"]["spec"]
        container, = pod["containers"]
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        self.assertEqual(spec["selector"]["matchLabels"],
                         spec["template"]["metadata"]["labels"])
        self.assertEqual({volume["name"] for volume in pod["volumes"]}, set(mounts))
        self.assertTrue(all(mount["readOnly"] for mount in container["volumeMounts"]))
        self.assertEqual(mounts["host"], "/host")
        self.assertIn(f"--config.custom-plugin-monitor={mounts['efa-doctor']}"
                      "/efa-plugin-monitor.json", container["command"])
        for rule in MONITOR["rules"]:
            self.assertEqual(rule["path"], f"{mounts['efa-doctor']}/check-efa")

    def test_the_account_is_the_one_that_is_bound(self):
        found = objects()
        account = found["ServiceAccount"]["metadata"]
        self.assertEqual(found["DaemonSet"]["spec"]["template"]["spec"]["serviceAccountName"],
                         account["name"])
        subject, = found["ClusterRoleBinding"]["subjects"]
        self.assertEqual((subject["name"], subject["namespace"]),
                         (account["name"], account["namespace"]))
        self.assertTrue(all(re.fullmatch(r"[a-z0-9-]+", one["metadata"]["name"])
                            for one in found.values()))


if __name__ == "__main__":
    unittest.main()
