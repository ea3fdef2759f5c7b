"""packaging/kubernetes: the plugin by node-problem-detector's contract, its configuration, YAML.

The contracts: node-problem-detector, pkg/custompluginmonitor: types/config.go, types/types.go,
plugin/plugin.go; the CRD of node-readiness-controller 0.5
(charts/node-readiness-controller/crds); values.yaml of NVSentinel's kubernetes-object-monitor.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import unittest

import jsonschema
import yaml

from efa_doctor import EFA_DOCTOR, SOURCE, Case, write

DIRECTORY = SOURCE / "packaging/kubernetes"
MONITOR = json.loads((DIRECTORY / "efa-plugin-monitor.json").read_text())
OK, NOT_OK, UNKNOWN = range(3)
HOST_DIRECTORIES = ("usr/bin", "run/efa-doctor", "etc/efa-doctor")
# Of the CRD, with its rules in CEL as patterns.
STATUS = {"enum": ["True", "False", "Unknown"]}
RULE_OF_READINESS = {
    "type": "object", "additionalProperties": False,
    "required": ["conditions", "enforcementMode", "nodeSelector", "taint"],
    "properties": {
        "conditionPolicy": {"enum": ["allOf", "anyOf"]},
        "conditions": {"type": "array", "minItems": 1, "maxItems": 32, "items": {
            "type": "object", "additionalProperties": False, "required": ["requiredStatus", "type"],
            "properties": {"type": {"type": "string", "minLength": 1, "maxLength": 316},
                           "requiredStatus": STATUS, "defaultStatus": STATUS}}},
        "dryRun": {"type": "boolean"},
        "enforcementMode": {"enum": ["bootstrap-only", "continuous"]},
        "nodeSelector": {"type": "object", "minProperties": 1, "additionalProperties": False,
                         "properties": {
                             "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}},
                             "matchExpressions": {"type": "array", "minItems": 1, "items": {
                                 "type": "object", "additionalProperties": False,
                                 "required": ["key", "operator"],
                                 "properties": {
                                     "key": {"type": "string"}, "operator": {"type": "string"},
                                     "values": {"type": "array", "items": {"type": "string"}}}}}}},
        "taint": {"type": "object", "additionalProperties": False, "required": ["effect", "key"],
                  "properties": {
                      "effect": {"enum": ["NoSchedule", "PreferNoSchedule", "NoExecute"]},
                      "key": {"type": "string",
                              "pattern": r"^readiness\.k8s\.io/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"},
                      "value": {"type": "string", "maxLength": 63,
                                "pattern": "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"}}}}}
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
    def run_plugin(self, code, reason, **environment):
        """With a chroot that runs what follows the directory, and an efa-doctor that ends so."""
        asked = self.directory / "asked"
        write(self.directory / "bin/chroot", f"#!/bin/sh\necho \"$@\" > '{asked}'\n"
              f"cat '{write(self.directory / 'reason', reason)}'\nexit {code}\n", 0o755)
        run = subprocess.run([DIRECTORY / "check-efa"], capture_output=True, text=True, timeout=30,
                             env={"PATH": f"{self.directory}/bin:/usr/bin:/bin", **environment})
        self.assertEqual(asked.read_text().split()[:4],
                         ["/host", "/usr/bin/efa-doctor", "status", "--max-age"])
        self.assertEqual(run.stderr, "")
        self.assertEqual(run.stdout.count("\n"), 1)
        self.assertLessEqual(len(run.stdout.strip()), MONITOR["pluginConfig"]["max_output_length"])
        return run.returncode, run.stdout.strip()

    def test_each_verdict_has_its_exit_code(self):
        for code, wanted in {0: OK, 1: OK, 2: NOT_OK}.items():
            self.assertEqual(self.run_plugin(code, "driver.not-bound: why\n"),
                             (wanted, "driver.not-bound: why"))

    def test_no_verdict_closes_no_node_unless_that_is_wanted(self):
        for environment, wanted in ({}, OK), ({"UNKNOWN_AS": "2"}, UNKNOWN):
            self.assertEqual(self.run_plugin(3, "stale\n", **environment),
                             (wanted, "no verdict: stale"))
            for code in (64, 70, 125, 126, 127, 137):
                self.assertEqual(self.run_plugin(code, "", **environment),
                                 (wanted, f"no verdict: efa-doctor ended with {code}"))

    def test_the_longest_reason_of_efa_doctor_is_not_cut(self):
        health = {"verdict": "unhealthy", "summary": "x" * 500, "root_causes": ["pci.none-found"],
                  "generated_at": "2026-01-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z",
                  "boot_id": pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()}
        write(self.run_directory / "health.json", json.dumps(health))
        reason = self.efa_doctor("status", "--format", "reason").stdout
        self.assertGreater(len(reason), 150)
        self.assertEqual(self.run_plugin(2, reason), (NOT_OK, reason.strip()))
        self.assertEqual(self.run_plugin(3, reason)[0], OK)

    @unittest.skipUnless(os.geteuid() == 0, "chroot is root's")
    def test_what_is_mounted_of_the_host_is_enough_for_a_verdict(self):
        pod = objects()["DaemonSet"]["spec"]["template"]["spec"]
        host = self.directory / "host"
        for path in HOST_DIRECTORIES:
            (host / path).mkdir(parents=True, exist_ok=True)
        libraries = subprocess.run(["ldd", EFA_DOCTOR], capture_output=True, text=True,
                                   check=True).stdout
        for library in re.findall(r"(/\S+) \(0x", libraries):
            (host / library[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, host / library[1:])
        shutil.copy(EFA_DOCTOR, host / "usr/bin/efa-doctor")
        boot = write(host / "proc/sys/kernel/random/boot_id", "b-1\n")
        write(host / "run/efa-doctor/health.json", json.dumps({
            "verdict": "unhealthy", "summary": "it is", "root_causes": ["pci.none-found"],
            "generated_at": "2026-01-01T00:00:00Z", "valid_until": "2099-01-01T00:00:00Z",
            "boot_id": boot.read_text().strip()}))
        mounted = {mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        there = {path.relative_to(host) for path in host.rglob("*") if path.is_file()}
        for path in there:  # nothing that is used lies beside the mounts
            self.assertTrue(any(str("/host" / path).startswith(mount + "/") for mount in mounted), path)
        # of a sanitized build, which looks for leaks in /proc and reads there whether it shall
        write(host / "proc/self/environ", "ASAN_OPTIONS=detect_leaks=0\0")
        run = subprocess.run([DIRECTORY / "check-efa"], capture_output=True, text=True, timeout=30,
                             env={**os.environ, "HOST_ROOT": str(host), "MAX_AGE_S": "9999999999"})
        self.assertEqual((run.returncode, run.stdout), (NOT_OK, "pci.none-found: it is\n"))


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
        of_host = {volume["name"] for volume in pod["volumes"] if "hostPath" in volume}
        for mount in container["volumeMounts"]:
            if mount["name"] in of_host:
                self.assertEqual(mount["recursiveReadOnly"], "IfPossible")
        paths = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"]
                 if volume["name"] in of_host}
        self.assertEqual(paths, {name: mounts[name].removeprefix("/host") for name in of_host})
        self.assertNotIn("/", paths.values())
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

    def test_the_readiness_rule_is_one_by_its_crd(self):
        rule = yaml.safe_load((DIRECTORY / "node-readiness-rule.yaml").read_text())
        self.assertEqual((rule["apiVersion"], rule["kind"]),
                         ("readiness.node.x-k8s.io/v1alpha1", "NodeReadinessRule"))
        self.assertEqual((set(rule), set(rule["metadata"])),
                         ({"apiVersion", "kind", "metadata", "spec"}, {"name"}))
        schema = jsonschema.Draft202012Validator(RULE_OF_READINESS)
        schema.validate(rule["spec"])
        text = json.dumps(rule["spec"])
        for right, wrong in (("dryRun", "dry_run"), ("defaultStatus", "default"), ("operator", "op"),
                             ("continuous", "always"), ("readiness.k8s.io/", "efa/"), ('"effect"', '"what"')):
            self.assertIn(right, text)
            self.assertFalse(schema.is_valid(json.loads(text.replace(right, wrong))), wrong)
        condition, = rule["spec"]["conditions"]
        self.assertIn(condition["type"], {one["type"] for one in MONITOR["conditions"]})
        # neither a node without the condition nor one without a verdict is closed
        self.assertEqual((condition["requiredStatus"], condition["defaultStatus"]), ("False", "False"))
        self.assertTrue(MONITOR["pluginConfig"]["skip_initial_status"])
        self.assertTrue(rule["spec"]["dryRun"])

    def test_the_policy_of_nvsentinel_has_what_its_chart_knows_and_touches_no_node(self):
        policy, = yaml.safe_load((DIRECTORY / "nvsentinel-policy.yaml").read_text())["policies"]
        self.assertEqual(set(policy), {"name", "enabled", "resource", "predicate", "healthEvent"})
        self.assertEqual(policy["resource"], {"group": "", "version": "v1", "kind": "Node"})
        self.assertEqual(set(policy["predicate"]), {"expression"})
        self.assertLessEqual(set(policy["healthEvent"]), {
            "componentClass", "isFatal", "message", "recommendedAction", "errorCode"})
        self.assertIn(policy["healthEvent"]["recommendedAction"], ("NONE", "CONTACT_SUPPORT"))
        self.assertFalse(policy["healthEvent"]["isFatal"])
        for condition in MONITOR["conditions"]:
            self.assertIn(f'c.type == "{condition["type"]}"', policy["predicate"]["expression"])


if __name__ == "__main__":
    unittest.main()
