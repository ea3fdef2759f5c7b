"""packaging/kubernetes: the plugin by node-problem-detector's contract, its configuration, YAML.

The contracts: node-problem-detector, pkg/custompluginmonitor: types/config.go, types/types.go,
plugin/plugin.go; those of node-readiness-controller and NVSentinel: handed_to_kubernetes.py.
"""

import json
import os
import pathlib
import re
import subprocess
import time
import unittest

import yaml

import daemon_set_pod
import handed_to_kubernetes
from efa_doctor import EFA_DOCTOR, SOURCE, USAGE, Case, write

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


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def changed(value, path, to):
    """A copy in which what is at the path is another, or is not there (None)."""
    copy = json.loads(json.dumps(value))
    *way, last = path
    inner = copy
    for step in way:
        inner = inner[step]
    if to is None:
        del inner[last]
    else:
        inner[last] = to
    return copy


def objects():
    with open(DIRECTORY / "node-problem-detector.yaml", encoding="utf-8") as text:
        return {one["kind"]: one for one in yaml.safe_load_all(text)}


class Plugin(Case):
    def run_plugin(self, *arguments, **environment):
        run = subprocess.run([DIRECTORY / "check-efa", *arguments], capture_output=True, text=True, timeout=30,
                             env={**os.environ, "HEALTH_FILE": self.run_directory / "health.json", **environment})
        self.assertEqual(run.stderr, "")
        self.assertEqual(run.stdout.count("\n"), 1)
        self.assertLessEqual(len(run.stdout.strip()), MONITOR["pluginConfig"]["max_output_length"])
        return run.returncode, run.stdout.strip()

    def run_on_file(self, *arguments, actors=(), **health):
        """With the file that a pass has written, and these members of it; for `actors` are causes."""
        path = self.run_directory / "health.json"
        if not path.exists():
            self.efa_doctor("--once")
        causes = [{"code": f"a.{actor}", "severity": severity, "actor": actor} for severity, actor in actors]
        path.write_text(json.dumps({**json.loads(path.read_text()), "causes": causes, **health}, indent=1) + "\n")
        return self.run_plugin(*arguments)

    def test_each_verdict_has_its_exit_code(self):
        code, words = self.run_on_file()
        self.assertEqual(code, OK)
        self.assertIn("EFA", words)
        broken = {"exit_code": 2, "summary": "0 of 4, all \"hang\" \\ ", "root_causes": ["a.b", "c.d"],
                  "actors": [("critical", "aws_support")]}
        self.assertEqual(self.run_on_file(**broken), (NOT_OK, 'a.b,c.d: 0 of 4, all "hang" \\'))
        self.assertEqual(self.run_on_file(exit_code=1)[0], OK)
        code, words = self.run_on_file(**{**broken, "summary": "x" * 500})
        self.assertEqual((code, len(words)), (NOT_OK, 200))

    def test_only_what_an_actor_of_the_node_cures_is_its_problem(self):
        broken = {"exit_code": 2, "summary": "it is", "root_causes": ["a.b"]}
        for actors, elsewhere in (
                ([("critical", "aws_support")], None),
                ([("critical", "node_operator")], None),
                ([("critical", "image_owner"), ("critical", "node_operator")], None),
                ([("critical", "image_owner")], "image_owner"),
                ([("critical", "job_owner"), ("critical", "account_owner")], "account_owner,job_owner"),
                ([("critical", "image_owner"), ("warning", "aws_support"), ("info", "node_operator")], "image_owner"),
                ([("warning", "aws_support")], "somebody"),
                ([], "somebody")):
            words = f"{elsewhere} must cure a.b: it is" if elsewhere else "a.b: it is"
            self.assertEqual(self.run_on_file(actors=actors, **broken), (OK if elsewhere else NOT_OK, words))
            self.assertEqual(self.run_plugin("elsewhere"), (NOT_OK if elsewhere else OK, words))
        for members in ({"exit_code": 0}, {"exit_code": 1}, {"exit_code": 3}, {"boot_id": "another"}):
            self.assertEqual(self.run_on_file("elsewhere", **{**broken, **members})[0], OK)

    def test_whose_causes_are_the_nodes_is_a_setting(self):
        self.efa_doctor("--once", "--expect", "4")  # the file as the agent writes it
        words = "pci.none-found: 0 of 4 EFA devices work"
        for actors, wanted in ((None, OK), ("", OK), ("node_operator", OK), ("account", OK),
                               ("account_owner", NOT_OK), ("image_owner,account_owner", NOT_OK)):
            code, said = self.run_plugin(**({} if actors is None else {"ACTORS": actors}))
            self.assertEqual(code, wanted, actors)
            self.assertTrue(said.startswith(words if code else f"account_owner must cure {words}"), said)

    def test_no_verdict_closes_no_node_unless_that_is_wanted(self):
        stale = "no verdict: the health file is stale"
        self.assertEqual(self.run_on_file(exit_code=3, summary="not seen", root_causes=[]),
                         (OK, "no verdict: not seen"))
        self.assertEqual(self.run_plugin(UNKNOWN_AS="2"), (UNKNOWN, "no verdict: not seen"))
        for code in (64, 70, "two"):
            self.assertEqual(self.run_on_file(exit_code=code),
                             (OK, "no verdict: the health file is not understood"))
        self.assertEqual(self.run_on_file(exit_code=2, boot_id="another"), (OK, stale))
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        self.assertEqual(self.run_on_file(boot_id=boot, valid_until_boottime_ms=1), (OK, stale))
        self.assertEqual(self.run_on_file(valid_until_boottime_ms="never"), (OK, stale))
        for text in ("", "\n", "{", "\0" * 100, "x" * 100000):
            (self.run_directory / "health.json").write_text(text)
            self.assertEqual(self.run_plugin(UNKNOWN_AS="2")[0], UNKNOWN, text[:9])

    def test_where_efa_doctor_has_not_been_yet(self):
        (self.run_directory / "health.json").unlink(missing_ok=True)
        self.assertEqual(self.run_plugin(), (OK, "no verdict: efa-doctor has written none"))


class Configuration(unittest.TestCase):
    def test_the_monitor_has_only_members_that_are_read(self):
        self.assertEqual(MONITOR["plugin"], "custom")
        self.assertLessEqual(set(MONITOR), KNOWN[""])
        self.assertLessEqual(set(MONITOR["pluginConfig"]), KNOWN["pluginConfig"])
        for name in ("conditions", "rules"):
            for member in MONITOR[name]:
                self.assertLessEqual(set(member), KNOWN[name])

    def test_each_permanent_condition_has_a_default_and_what_taints_is_told_first(self):
        # each status has all conditions: until its rule has run, one that was True is told to be False
        self.assertEqual(MONITOR["rules"][0]["condition"], "EFAUnhealthy")
        self.assertEqual(MONITOR["pluginConfig"]["concurrency"], 1)
        self.assertEqual([rule.get("args", []) for rule in MONITOR["rules"]], [[], ["elsewhere"]])
        # of a condition that is False node-problem-detector tells this, and not what the plugin says
        self.assertFalse([one for one in MONITOR["conditions"] if "works" in (one["reason"] + one["message"]).lower()])
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
        self.assertEqual(set(paths.values()), {"/run/efa-doctor"})
        self.assertEqual(container["securityContext"]["capabilities"], {"drop": ["ALL"]})
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

    def test_the_readiness_rule_is_one_by_its_crd_and_its_webhook(self):
        rule = yaml.safe_load((DIRECTORY / "node-readiness-rule.yaml").read_text())
        self.assertEqual(handed_to_kubernetes.errors_of_rule(rule), [])
        for path, wrong in handed_to_kubernetes.WRONG_RULES:
            self.assertNotEqual(handed_to_kubernetes.errors_of_rule(changed(rule, path, wrong)), [], (path, wrong))

    @unittest.skipUnless(os.environ.get(handed_to_kubernetes.CRD), f"{handed_to_kubernetes.CRD} names no CRD")
    def test_the_contract_of_the_readiness_rule_is_that_of_a_crd(self):
        crd = yaml.safe_load(pathlib.Path(os.environ[handed_to_kubernetes.CRD]).read_text())
        self.assertEqual(handed_to_kubernetes.bare_spec(crd), handed_to_kubernetes.RULE_SPEC)
        self.assertEqual(len(handed_to_kubernetes.rules_of_creation(crd)), handed_to_kubernetes.RULES_OF_CREATION)

    def test_the_readiness_rule_closes_no_fleet(self):
        rule = yaml.safe_load((DIRECTORY / "node-readiness-rule.yaml").read_text())
        condition, = rule["spec"]["conditions"]
        self.assertEqual(condition["type"], "EFAUnhealthy")
        expression, = rule["spec"]["nodeSelector"]["matchExpressions"]
        agents, = (daemon_set_pod.objects()["DaemonSet"]["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
                   ["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"])
        self.assertEqual([expression], agents["matchExpressions"], "where the agent is")
        # neither a node without the condition nor one without a verdict is closed
        self.assertEqual((condition["requiredStatus"], condition["defaultStatus"]), ("False", "False"))
        self.assertTrue(MONITOR["pluginConfig"]["skip_initial_status"])
        self.assertTrue(rule["spec"]["dryRun"])

    def test_the_policy_of_nvsentinel_has_what_its_monitor_reads_and_drains_no_node(self):
        values = yaml.safe_load((DIRECTORY / "nvsentinel-policy.yaml").read_text())
        self.assertEqual(handed_to_kubernetes.errors_of_policies(values), [])
        for path, wrong in handed_to_kubernetes.WRONG_POLICIES:
            self.assertNotEqual(handed_to_kubernetes.errors_of_policies(changed(values, path, wrong)), [],
                                (path, wrong))
        policy, = values["policies"]
        self.assertTrue(policy["enabled"])
        self.assertEqual(policy["resource"], {"group": "", "version": "v1", "kind": "Node"})
        self.assertIn(policy["healthEvent"]["recommendedAction"], ("NONE", "CONTACT_SUPPORT"))
        self.assertIs(policy["healthEvent"]["isFatal"], False)
        self.assertIn('c.type == "EFAUnhealthy"', policy["predicate"]["expression"])
        # it writes a condition of this type; on recovery it would take another's words for faults that remain
        self.assertNotIn(policy["name"], {condition["type"] for condition in MONITOR["conditions"]})


class Agent(Case):
    """efa-doctor.yaml: the pod may do what the service may, and sees the node."""

    @classmethod
    def setUpClass(cls):
        cls.objects = daemon_set_pod.objects()
        cls.spec = cls.objects["DaemonSet"]["spec"]
        cls.pod = cls.spec["template"]["spec"]
        cls.container, = cls.pod["containers"]
        cls.mounts = {mount["name"]: mount for mount in cls.container["volumeMounts"]}
        cls.host_paths = {volume["name"]: volume["hostPath"]["path"] for volume in cls.pod["volumes"]
                          if "hostPath" in volume}
        cls.unit = (SOURCE / "systemd/efa-doctor.service.in").read_text()

    def of_unit(self, key):
        return re.search(f"^{key}=(.*)$", self.unit, re.MULTILINE).group(1)

    def test_it_has_no_right_in_the_cluster_and_no_namespace(self):
        self.assertEqual(set(self.objects), {"ServiceAccount", "ConfigMap", "DaemonSet"})
        account = self.objects["ServiceAccount"]
        self.assertEqual(self.pod["serviceAccountName"], account["metadata"]["name"])
        self.assertIs(account["automountServiceAccountToken"], False)
        self.assertIs(self.pod["automountServiceAccountToken"], False)
        for one in self.objects.values():
            self.assertNotIn("namespace", one["metadata"])
        self.assertEqual({key for volume in self.pod["volumes"] for key in volume} - {"name"},
                         {"hostPath", "configMap"})

    def test_it_takes_no_device_from_jobs_and_has_the_limits_of_the_service(self):
        resources = self.container["resources"]
        self.assertEqual(set(resources["requests"]) | set(resources["limits"]), {"cpu", "memory"})
        self.assertEqual(resources["limits"]["memory"], self.of_unit("MemoryMax") + "i")
        self.assertEqual(int(resources["limits"]["cpu"]) * 100, int(self.of_unit("CPUQuota")[:-1]))

    def test_it_writes_two_folders_of_the_node_and_all_else_is_read_only_to_the_bottom(self):
        written = {name for name, mount in self.mounts.items() if not mount.get("readOnly")}
        self.assertEqual({self.host_paths[name] for name in written},
                         {"/run/efa-doctor", "/var/lib/efa-doctor"})
        for name in written:
            self.assertEqual(self.mounts[name]["mountPath"], self.host_paths[name])
        for name in set(self.host_paths) - written:
            self.assertEqual(self.mounts[name]["recursiveReadOnly"], "IfPossible")
            self.assertNotIn("mountPropagation", self.mounts[name])
        self.assertTrue(self.container["securityContext"]["readOnlyRootFilesystem"])
        # the runtime would make it in the node's own /dev
        self.assertFalse(self.container["terminationMessagePath"].startswith("/dev/"))

    def test_its_daemon_keeps_the_rights_that_the_unit_leaves(self):
        bounding, = [word for word in self.container["command"] if word.startswith("--bounding-set=")]
        kept = {"CAP_" + word[1:].upper() for word in bounding.split("=")[1].split(",") if word[0] == "+"}
        self.assertEqual(kept, set(self.of_unit("CapabilityBoundingSet").split()))
        self.assertTrue(bounding.startswith("--bounding-set=-all,"))
        self.assertIn("--no-new-privs", self.container["command"])

    def test_its_settings_are_right_and_say_where_the_nodes_root_is(self):
        settings = self.objects["ConfigMap"]["data"]["config.toml"]
        self.assertEqual(self.pod["volumes"][-1]["configMap"]["name"],
                         self.objects["ConfigMap"]["metadata"]["name"])
        root = self.mounts["host"]
        self.assertEqual(self.host_paths["host"], "/")
        self.assertIn(f'host_root = "{root["mountPath"]}"', settings)
        here = self.directory / "host"
        path = write(self.directory / "config.toml", settings.replace(root["mountPath"], str(here)))
        run = subprocess.run([EFA_DOCTOR, "--config", path, "config-check"], capture_output=True, text=True)
        self.assertEqual(run.returncode, USAGE)
        self.assertIn("the node's root is not mounted at", run.stderr)
        (here / "etc").mkdir(parents=True)
        run = subprocess.run([EFA_DOCTOR, "--config", path, "config-check"], capture_output=True, text=True)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_it_goes_to_every_type_with_four_devices_or_more(self):
        types = json.loads((SOURCE / "packaging/instance-types.json").read_text())["types"]
        many = {name for name, one in types.items() if one.get("max_efa_interfaces", 0) >= 4}
        term, = (self.pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
                 ["nodeSelectorTerms"])
        expression, = term["matchExpressions"]
        self.assertEqual(expression["values"], sorted(many) + sorted("ml." + name for name in many))
        self.assertEqual(self.pod["tolerations"], [{"operator": "Exists"}])

    def test_its_image_is_of_this_version(self):
        version = re.search(r"project\(\S+ VERSION ([\d.]+)",
                            (SOURCE / "CMakeLists.txt").read_text()).group(1)
        self.assertTrue(self.container["image"].endswith(f"/efa-doctor:{version}"))

    def is_alive(self, **health):
        now = time.time()
        write(self.run_directory / "health.json", json.dumps({
            "summary": "it is", "root_causes": [], "generated_at": iso(now - 60), "valid_until": iso(now + 900),
            "boot_id": pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip(), **health}))
        write(self.directory / "bin/efa-doctor",
              f"#!/bin/sh\nexec '{EFA_DOCTOR}' --config '{self.config}' \"$@\"\n", 0o755)
        return subprocess.run(self.container["livenessProbe"]["exec"]["command"], env={
            **os.environ, "PATH": f"{self.directory}/bin:/usr/bin:/bin"}, timeout=60).returncode == 0

    def test_it_is_started_again_when_its_verdict_is_stale_and_not_when_the_node_is_broken(self):
        for verdict in ("healthy", "unhealthy", "unknown"):
            self.assertTrue(self.is_alive(verdict=verdict), verdict)
            self.assertFalse(self.is_alive(verdict=verdict, valid_until=iso(time.time() - 1)), verdict)


class Mesh(unittest.TestCase):
    """efa-mesh-job.yaml: the host's efa-doctor in the host's root."""

    def test_it_writes_the_locks_and_all_else_of_the_node_is_read_only_to_the_bottom(self):
        with open(DIRECTORY / "efa-mesh-job.yaml", encoding="utf-8") as text:
            job, = (one for one in yaml.safe_load_all(text) if one["kind"] == "Job")
        pod = job["spec"]["template"]["spec"]
        container, = pod["containers"]
        mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
        paths = {volume["name"]: volume["hostPath"]["path"] for volume in pod["volumes"]}
        self.assertEqual({place: paths[mount["name"]] for place, mount in mounts.items()},
                         {"/host": "/", "/host/run/efa-doctor": "/run/efa-doctor"})
        self.assertEqual({key: mounts["/host"].get(key) for key in ("readOnly", "recursiveReadOnly", "mountPropagation")},
                         {"readOnly": True, "recursiveReadOnly": "IfPossible", "mountPropagation": None})
        agent, = daemon_set_pod.pod()["containers"]
        self.assertEqual(container["securityContext"], agent["securityContext"])


if __name__ == "__main__":
    unittest.main()
