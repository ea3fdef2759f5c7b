"""What is handed to Kubernetes and to cloud-init, by the schemas of those two."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import yaml

import debian_root
import npm
from debian_root import SOURCE

SKIPPED = 77
KUBERNETES_MODELS = "kubernetes-models@4.5.1 typescript@5.9.3"
NO_MODELS = npm.why_not(KUBERNETES_MODELS)
NO_ROOT = debian_root.why_not()
# by the schemas of those whose they are: kubernetes_test.py
NOT_OF_KUBERNETES = {"node-readiness-rule.yaml", "nvsentinel-policy.yaml"}
VALIDATE = """
const objects = JSON.parse(require("fs").readFileSync(0, "utf8"));
for (const object of objects) {
  const { [object.kind]: Kind } = require(`kubernetes-models/${object.apiVersion}`);
  new Kind(object).validate();
}
"""


class StrictLoader(yaml.SafeLoader):
    """Refuses a mapping that has a key twice, as kubectl does."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len(set(keys)) < len(keys):
            raise yaml.constructor.ConstructorError(None, None, f"a key twice in {keys}",
                                                    node.start_mark)
        return super().construct_mapping(node, deep)


def load(text):
    return list(yaml.load_all(text, StrictLoader))


@unittest.skipIf(NO_MODELS, NO_MODELS)
class KubernetesTest(unittest.TestCase):
    """As kubeconform -strict: the schemas have the values, the types made of them refuse what they do
    not name."""

    def validate(self, objects):
        modules = npm.modules(KUBERNETES_MODELS)
        lines = []
        for number, one in enumerate(objects):
            kind = one["kind"]
            lines += [f"import type {{ I{kind} as T{number} }} from "
                      f"'kubernetes-models/{one['apiVersion']}/{kind}';",
                      f"export const o{number}: T{number} = {json.dumps(one)};"]
        with tempfile.TemporaryDirectory(prefix="efa-doctor-schemas-") as directory:
            os.symlink(modules, f"{directory}/node_modules")
            with open(f"{directory}/objects.ts", "w", encoding="utf-8") as text:
                text.write("\n".join(lines))
            typed = subprocess.run(["node", modules / "typescript/bin/tsc", "--noEmit", "--strict",
                                    "--skipLibCheck", "objects.ts"],
                                   cwd=directory, text=True, timeout=300, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        valid = subprocess.run(["node", "-e", VALIDATE], input=json.dumps(objects), text=True, timeout=120,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               env={**os.environ, "NODE_PATH": str(modules)})
        self.assertIn(typed.returncode, (0, 2), typed.stdout)
        return (typed.stdout if typed.returncode else "") + (valid.stdout if valid.returncode else "")

    def test_every_object_is_of_its_kind(self):
        files = [path for path in (SOURCE / "packaging/kubernetes").glob("*.yaml")
                 if path.name not in NOT_OF_KUBERNETES]
        objects = [one for path in files for one in load(path.read_text())]
        self.assertLessEqual({"DaemonSet", "Job"}, {one["kind"] for one in objects})
        self.assertEqual(self.validate(objects), "")

    def test_a_wrong_one_is_refused(self):
        text = (SOURCE / "packaging/kubernetes/efa-mesh-job.yaml").read_text()
        for right, wrong, said in (
                ("backoffLimitPerIndex: 0", "backofLimitPerIndex: 0", "backofLimitPerIndex.*does not exist"),
                ("privileged: true", "privileged: true\n            user: 0", "user.*does not exist"),
                ("mountPath: /host", "path: /host", "path.*does not exist"),
                ("apiVersion: batch/v1", "apiVersion: batch/v3", "Cannot find module"),
                ("completions: 2", 'completions: "2"', "/spec/completions"),
                ("restartPolicy: Never", "restartPolicy: [Never]", "/spec/template/spec/restartPolicy"),
                ("key: token", "other: token", "other.*does not exist")):
            self.assertEqual(text.count(right), 1, right)
            self.assertRegex(self.validate(load(text.replace(right, wrong))), said)
        with self.assertRaisesRegex(yaml.YAMLError, "a key twice"):
            load(text.replace("completions: 2", "completions: 2\n  completions: 3"))


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
