"""What is handed to Kubernetes, the Prometheus operator, CloudFormation, Terraform and cloud-init, by the
schemas of each."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import yaml

import debian_root
import npm
from debian_root import SOURCE

SKIPPED = 77
OPERATOR_MODELS = "@kubernetes-models/prometheus-operator"
KUBERNETES_MODELS = f"kubernetes-models@4.5.1 {OPERATOR_MODELS}@4.4.4 typescript@5.9.3"
NO_MODELS = npm.why_not(KUBERNETES_MODELS)
# Terraform's own parser, and the types of CloudFormation; those of Terraform's provider
LIFECYCLE_MODELS = "@cdktn/hcl2json@0.24.0 cloudform-types@7.5.0 typescript@5.9.3"
PROVIDER = "@cdktn/provider-aws@25.7.0", "lib/s3-bucket-lifecycle-configuration"
NO_LIFECYCLE = npm.why_not(LIFECYCLE_MODELS) or npm.why_not(*PROVIDER)
NO_ROOT = debian_root.why_not()
# by the schemas of those whose they are: kubernetes_test.py
NOT_OF_KUBERNETES = {"node-readiness-rule.yaml", "nvsentinel-policy.yaml"}
VALIDATE = """
const objects = JSON.parse(require("fs").readFileSync(0, "utf8"));
for (const [module, object] of objects) new (require(module)[object.kind])(object).validate();
"""
PARSE_TERRAFORM = """
require("@cdktn/hcl2json").parse("x.tf", require("fs").readFileSync(0, "utf8"))
  .then((parsed) => console.log(JSON.stringify(parsed)), (error) => { console.error(error); process.exit(1); });
"""
AWS = SOURCE / "packaging/aws"


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


def node(modules, program, given):
    return subprocess.run(["node", "-e", program], input=given, text=True, timeout=120, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env={**os.environ, "NODE_PATH": str(modules)})


def type_errors(modules, values, declared="", **folders):
    """What TypeScript says of (module, type, value); a module can be one of the folders."""
    lines = [f"import type {{ {kind} as T{number} }} from '{module}';\n"
             f"export const o{number}: T{number} = {json.dumps(value)};\n"
             for number, (module, kind, value) in enumerate(values)]
    with tempfile.TemporaryDirectory(prefix="efa-doctor-schemas-") as made:
        directory = pathlib.Path(made)
        for name, there in {"node_modules": modules, **folders}.items():
            (directory / name).symlink_to(there)
        (directory / "objects.ts").write_text("".join(lines))
        (directory / "declared.d.ts").write_text(declared)
        run = subprocess.run(["node", modules / "typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck",
                              "objects.ts", "declared.d.ts"], cwd=directory, text=True, timeout=300,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if run.returncode not in (0, 2):
        raise AssertionError(run.stdout)
    return run.stdout


def module_of(one):
    operator = one["apiVersion"].startswith("monitoring.coreos.com/")
    return f"{OPERATOR_MODELS if operator else 'kubernetes-models'}/{one['apiVersion']}"


@unittest.skipIf(NO_MODELS, NO_MODELS)
class KubernetesTest(unittest.TestCase):
    """As kubeconform -strict: the schemas have the values, the types made of them refuse what they do
    not name."""

    def validate(self, objects):
        modules = npm.modules(KUBERNETES_MODELS)
        objects = [(module_of(one), one) for one in objects]
        typed = type_errors(modules, [(f"{module}/{one['kind']}", f"I{one['kind']}", one)
                                      for module, one in objects])
        valid = node(modules, VALIDATE, json.dumps(objects))
        return typed + (valid.stdout if valid.returncode else "")

    def test_every_object_is_of_its_kind(self):
        files = [path for path in (SOURCE / "packaging/kubernetes").glob("*.yaml")
                 if path.name not in NOT_OF_KUBERNETES]
        objects = [one for path in files for one in load(path.read_text())]
        objects += load(self.prometheus_rule())
        self.assertLessEqual({"DaemonSet", "Job", "PrometheusRule"}, {one["kind"] for one in objects})
        self.assertEqual(self.validate(objects), "")

    @staticmethod
    def prometheus_rule():
        return debian_root.run(SOURCE / "packaging/prometheus/prometheus-rule")

    def test_a_wrong_prometheus_rule_is_refused(self):
        text = self.prometheus_rule()
        for right, wrong, said in (("alert: EfaDegraded", "alarm: EfaDegraded", "alarm.*does not exist"),
                                   ("for: 15m", "for: 15 minutes", "/for"),
                                   ("groups:", "group:", "group.*does not exist"),
                                   ("coreos.com/v1\n", "coreos.com/v2\n", "Cannot find module")):
            self.assertIn(right, text)
            self.assertRegex(self.validate(load(text.replace(right, wrong, 1))), said)

    def test_a_wrong_one_is_refused(self):
        text = (SOURCE / "packaging/kubernetes/efa-mesh-job.yaml").read_text()
        for right, wrong, said in (
                ("backoffLimitPerIndex: 0", "backofLimitPerIndex: 0", "backofLimitPerIndex.*does not exist"),
                ("privileged: true", "privileged: true\n            user: 0", "user.*does not exist"),
                ("mountPath: /host\n", "path: /host\n", "path.*does not exist"),
                ("apiVersion: batch/v1", "apiVersion: batch/v3", "Cannot find module"),
                ("completions: 2", 'completions: "2"', "/spec/completions"),
                ("restartPolicy: Never", "restartPolicy: [Never]", "/spec/template/spec/restartPolicy"),
                ("key: token", "other: token", "other.*does not exist")):
            self.assertEqual(text.count(right), 1, right)
            self.assertRegex(self.validate(load(text.replace(right, wrong))), said)
        with self.assertRaisesRegex(yaml.YAMLError, "a key twice"):
            load(text.replace("completions: 2", "completions: 2\n  completions: 3"))


def camel(key):
    """What is snake_case, as CDK writes it."""
    return re.sub("_(.)", lambda found: found[1].upper(), key)


def renamed(value, name):
    if isinstance(value, dict):
        return {name(key): renamed(one, name) for key, one in value.items()}
    return [renamed(one, name) for one in value] if isinstance(value, list) else value


@unittest.skipIf(NO_LIFECYCLE, NO_LIFECYCLE)
class LifecycleTest(unittest.TestCase):
    """The forms of the lifecycle: s3-lifecycle.json, which packaging.aws_commands judges, and what is
    made of it for CloudFormation and for Terraform."""

    def setUp(self):
        self.modules = npm.modules(LIFECYCLE_MODELS)

    @staticmethod
    def bucket(text):
        text = text.replace("!Sub ", "").replace("${Prefix}", "efa")
        return load(text)[0]["Resources"]["Reports"]["Properties"]

    def resource(self, text):
        parsed = node(self.modules, PARSE_TERRAFORM, text)
        self.assertEqual(parsed.returncode, 0, parsed.stdout)
        one, = json.loads(parsed.stdout)["resource"]["aws_s3_bucket_lifecycle_configuration"]["efa_doctor"]
        return one

    def errors_of_bucket(self, text):
        return type_errors(self.modules, [
            ("cloudform-types/types/s3/bucket", "BucketProperties", self.bucket(text))])

    def errors_of_resource(self, text):
        return type_errors(
            self.modules,
            [("./provider", "S3BucketLifecycleConfigurationConfig", renamed(self.resource(text), camel))],
            # all that the provider's types need of this package
            'declare module "cdktn" { interface IResolvable { resolve(): any } }',
            provider=npm.folder(*PROVIDER))

    def test_all_say_the_same(self):
        rules = json.loads((AWS / "s3-lifecycle.json").read_text())["Rules"]
        self.assertTrue(all(rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1} for rule in rules))
        of_bucket = self.bucket((AWS / "s3-bucket.yaml").read_text())["LifecycleConfiguration"]["Rules"]
        self.assertEqual(rules, [
            {"ID": rule.pop("Id"), "Filter": {"Prefix": rule.pop("Prefix")},
             "Expiration": {"Days": rule.pop("ExpirationInDays")}, **rule} for rule in of_bucket])
        of_resource = self.resource((AWS / "s3-lifecycle.tf").read_text())["rule"]
        self.assertEqual(rules, [
            {"ID" if key == "id" else camel("_" + key): self.block(value) for key, value in rule.items()}
            for rule in of_resource])

    @staticmethod
    def block(value):
        if isinstance(value, str):
            return value
        one, = value
        return renamed(one, lambda key: camel("_" + key))

    def test_each_is_of_its_kind(self):
        self.assertEqual(self.errors_of_bucket((AWS / "s3-bucket.yaml").read_text()), "")
        self.assertEqual(self.errors_of_resource((AWS / "s3-lifecycle.tf").read_text()), "")

    def test_a_wrong_one_is_refused(self):
        for errors, name, right, wrong, said in (
                (self.errors_of_bucket, "s3-bucket.yaml", "ExpirationInDays: 90", "ExpireInDays: 90",
                 "ExpireInDays.*does not exist"),
                (self.errors_of_bucket, "s3-bucket.yaml", "NoncurrentDays: 1", "NoncurrentDays: one", "'string'"),
                (self.errors_of_resource, "s3-lifecycle.tf", "noncurrent_days = 1", "days = 1",
                 "days.*does not exist"),
                (self.errors_of_resource, "s3-lifecycle.tf", "days = 90", 'days = "x"', "'string'"),
                (self.errors_of_resource, "s3-lifecycle.tf", 'status = "Enabled"', "", "'status' is missing")):
            text = (AWS / name).read_text()
            self.assertIn(right, text)
            self.assertRegex(errors(text.replace(right, wrong)), said)
        with self.assertRaisesRegex(AssertionError, "Unclosed configuration block"):
            self.resource((AWS / "s3-lifecycle.tf").read_text().rstrip("}\n"))


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
    if NO_MODELS and NO_LIFECYCLE and NO_ROOT:
        print(NO_MODELS, NO_LIFECYCLE, NO_ROOT, sep="\n")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
