"""What is handed to Kubernetes and to cloud-init, by the schemas of those two."""

import copy
import json
import os
import subprocess
import sys
import unittest

import yaml

import debian_root
import npm
from debian_root import SOURCE

SKIPPED = 77
KUBERNETES_MODELS = "kubernetes-models@4.5.1"
NO_MODELS = npm.why_not(KUBERNETES_MODELS)
NO_ROOT = debian_root.why_not()
VALIDATE = """
const objects = JSON.parse(require("fs").readFileSync(0, "utf8"));
for (const object of objects) {
  const { [object.kind]: Kind } = require(`kubernetes-models/${object.apiVersion}`);
  new Kind(object).validate();
}
console.log(`${objects.length} valid`);
"""


@unittest.skipIf(NO_MODELS, NO_MODELS)
class KubernetesTest(unittest.TestCase):
    def validate(self, objects):
        return subprocess.run(["node", "-e", VALIDATE], input=json.dumps(objects), text=True, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, "NODE_PATH": str(npm.modules(KUBERNETES_MODELS))})

    def test_every_object_is_of_its_kind(self):
        text = (SOURCE / "packaging/kubernetes/node-problem-detector.yaml").read_text()
        objects = list(yaml.safe_load_all(text))
        run = self.validate(objects)
        self.assertEqual(run.stdout, f"{len(objects)} valid\n", run.stderr[-2000:])
        wrong = copy.deepcopy(objects)
        daemon_set, = (one for one in wrong if one["kind"] == "DaemonSet")
        daemon_set["spec"]["template"]["spec"]["containers"] = "none"
        self.assertNotEqual(self.validate(wrong).returncode, 0, "the schema is looked at")


@unittest.skipIf(NO_ROOT, NO_ROOT)
class CloudInitTest(unittest.TestCase):
    def validate(self, text):
        root = debian_root.kept_root("cloud-init", "bookworm", "--variant=minbase",
                                     "--include=cloud-init")
        (root / "tmp/user-data").write_text(text)
        return subprocess.run(["chroot", root, "cloud-init", "schema", "--config-file", "/tmp/user-data"],
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                              env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})

    def test_the_part_is_one(self):
        text = (SOURCE / "packaging/aws/cloud-init.yaml").read_text()
        run = self.validate(text)
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertIn("Valid", run.stdout)
        self.assertNotEqual(self.validate(text.replace("runcmd:", "runcmd: 5\nother:")).returncode, 0,
                            "the schema is looked at")


if __name__ == "__main__":
    if NO_MODELS and NO_ROOT:
        print(NO_MODELS, NO_ROOT, sep="\n")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
