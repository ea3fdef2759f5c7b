"""The IAM policies, Athena's SQL and NVSentinel's predicate, each by a parser of its kind: Trino's grammar
for queries, Hive's for declarations of tables, CEL. The parsers are of npm."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

import yaml

import npm
from efa_doctor import SOURCE, write

SKIPPED = 77
# dt-sql-parser is made for bundlers: esbuild is one
PARSERS = ("@cloud-copilot/iam-policy@0.1.109 dt-sql-parser@4.5.1 @bufbuild/cel@0.6.1 @bufbuild/protobuf@2.17.0 "
           "esbuild@0.28.2")
ATHENA = SOURCE / "packaging/athena"
AWS = SOURCE / "packaging/aws"
JUDGE = """
const { TrinoSQL, HiveSQL } = require("dt-sql-parser");
const { validateIdentityPolicy } = require("@cloud-copilot/iam-policy");
const { run } = require("@bufbuild/cel");
const parsers = {
  query: (text) => new TrinoSQL().validate(text),
  table: (text) => new HiveSQL().validate(text),
  policy: (text) => validateIdentityPolicy(JSON.parse(text)),
  predicate: ([expression, resource]) => {
    const said = run(expression, { resource });
    return said === true ? [] : [{ message: said.message ?? String(said) }];
  },
};
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(asked.map(([kind, text]) => parsers[kind](text).map((error) => error.message))));
"""


class ParsersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="efa-doctor-parsers-")
        cls.addClassCleanup(directory.cleanup)
        modules = npm.modules(PARSERS)
        cls.program = f"{directory.name}/judge.cjs"
        source = write(f"{directory.name}/source.cjs", JUDGE)
        subprocess.run([modules / ".bin/esbuild", source, "--bundle", "--platform=node", "--log-level=error",
                        f"--outfile={cls.program}"], env={**os.environ, "NODE_PATH": str(modules)},
                       check=True, timeout=120)

    def errors(self, asked):
        run = subprocess.run(["node", self.program], input=json.dumps(asked), capture_output=True, text=True,
                             timeout=120)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return json.loads(run.stdout)

    def test_what_athena_is_given(self):
        files = sorted(ATHENA.glob("*.sql"))
        self.assertGreaterEqual(len(files), 8)
        asked = [("table" if path.name.endswith("table.sql") else "query", path.read_text()) for path in files]
        self.assertEqual(dict(zip(files, self.errors(asked))), {path: [] for path in files})

    def test_the_policies(self):
        asked = [("policy", path.read_text()) for path in sorted(AWS.glob("iam-*.json"))]
        self.assertGreaterEqual(len(asked), 3)
        self.assertEqual(self.errors(asked), [[]] * len(asked))

    def test_the_predicate_of_nvsentinel_is_true_of_a_node_whose_efa_is_unhealthy_alone(self):
        policy, = yaml.safe_load((SOURCE / "packaging/kubernetes/nvsentinel-policy.yaml").read_text())["policies"]
        asked = [("predicate", [policy["predicate"]["expression"], {"status": {"conditions": [
            {"type": "Ready", "status": "True"}, {"type": kind, "status": status}]}}])
            for kind, status in (("EFAUnhealthy", "True"), ("EFAUnhealthy", "False"), ("EFAUnhealthy", "Unknown"),
                                 ("EFAFaultElsewhere", "True"))]
        self.assertEqual(self.errors(asked), [[], ["false"], ["false"], ["false"]])

    def test_the_parsers_refuse_what_is_wrong(self):
        policy = json.loads((AWS / "iam-s3.json").read_text())
        policy["Statement"][0]["Effect"] = "Alow"
        asked = [("query", "SELECT a FROM b WHERE GROUP c"), ("table", "CREATE EXTERNAL efa (a string)"),
                 ("policy", json.dumps(policy)), ("predicate", ["resource.status.", {}]),
                 ("predicate", ["resource.stat == 1", {}])]
        self.assertNotIn([], self.errors(asked))


if __name__ == "__main__":
    reason = npm.why_not(PARSERS)
    if reason:
        print(reason)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
