"""The queries for Athena, as they are shipped, in DuckDB over 10,000 reports: each answer against
one that is worked out without SQL. Half of the nodes send as versions before 0.2 did at first (plain,
all findings), then as now (gzip, what passes folded). DuckDB is of npm.
"""

import collections
import datetime
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
import unittest

import npm
from efa_doctor import SOURCE, Case, machine_without_driver
from s3_case import folded

SKIPPED = 77
DUCKDB = "@duckdb/node-api@1.5.6-r.1"
ATHENA = SOURCE / "packaging/athena"
NODES, REPORTS_OF_A_NODE = 500, 20
FIRST = datetime.datetime(2026, 11, 23, 22, 0, tzinfo=datetime.timezone.utc)
EVERY = datetime.timedelta(minutes=15)  # so that the reports lie in two days
DAYS = "2026-11-23"
# libfabric, rdma-core and NCCL's plugin by the installer's list; the last node has no installer
PACKAGES = [("libfabric-aws-2.1.0amzn5.0-1", "rdma-core-58.amzn0-1", "libnccl-ofi-1.16.3-1"),
            ("libfabric-aws-2.4.0amzn5.0-1", "rdma-core-63.0-1", "libnccl-ofi-1.20.0-1"),
            ("libfabric-aws-2.4.0amzn5.0-1", "rdma-core-63.0-1", None), (None, None, None)]
UPGRADED_AT = 7  # of the reports of each second node
# a table as table.sql declares it: Hive partitions as text
RUN_QUERIES = """
const { DuckDBInstance } = require("@duckdb/node-api");
(async () => {
  const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run(`CREATE TABLE efa_doctor_reports AS SELECT * FROM read_json('${input.root}/region=*/**/*.json*',
    hive_partitioning = true, hive_types_autocast = false, columns = ${input.columns})`);
  await connection.run(`CREATE TABLE efa_doctor_account AS SELECT * FROM read_json('${input.root}/account/**/*.json*',
    hive_partitioning = false, columns = ${input.account_columns})`);
  const answers = {};
  for (const [name, query] of Object.entries(input.queries)) {
    const begin = performance.now();
    const reader = await connection.runAndReadAll(query.sql, query.parameters);
    answers[name] = { rows: reader.getRowObjectsJson(), ms: performance.now() - begin };
  }
  console.log(JSON.stringify(answers));
})().catch((error) => { console.error(error); process.exit(1); });
"""


def columns(name):
    """Those of a table's declaration, in DuckDB's words."""
    table = (ATHENA / name).read_text()
    declared = re.search(r"\((.*?)\n\)\n", table, re.S).group(1)
    found = {}
    for name, kind in re.findall(r"^  (\w+) (.*?),?$", declared, re.M):
        kind = kind.replace("array<string>", "VARCHAR[]").replace("string", "VARCHAR")
        kind = kind.replace("bigint", "BIGINT").replace("struct<", "STRUCT(").replace(">", ")")
        found[name] = re.sub(r"(\w+):", r'"\1" ', kind)  # "at" is a word of SQL
    return "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in found.items()) + "}"


def utc(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class AthenaTest(Case):
    def real_reports(self):
        """Of this build, healthy and sick."""
        healthy = self.report("--sysroot", self.synthetic_node("c5n.18xlarge"))
        sick = self.report("--sysroot", machine_without_driver(self.directory / "sick"), "--expect", "1")
        self.assertEqual((healthy["verdict"], sick["verdict"]), ("healthy", "unhealthy"))
        sick["node"].update(instance_type="c5n.18xlarge")
        dead = {**sick, "root_causes": ["pci.config-space-dead"], "summary": "it is dead"}
        both = {**sick, "root_causes": ["pci.config-space-dead", *sick["root_causes"]]}
        return healthy, [sick, dead, both]

    def make_fleet(self):
        """Writes the objects of a bucket; returns the reports of each node in order of time."""
        chance = random.Random(7)
        healthy, sick = self.real_reports()
        fleet = collections.defaultdict(list)
        for number in range(NODES):
            instance = f"i-{number:017x}"
            region = chance.choice(("us-east-1", "us-west-2"))
            kernel = chance.choice(("6.1.1", "6.1.2"))
            silent_after = chance.choice((REPORTS_OF_A_NODE,) * 9 + (12,))
            installed = [name for name in chance.choice(PACKAGES) if name]
            if installed:
                installed += ["libfabric-aws-devel-2.4.0amzn5.0-1", "rdma-core-devel-63.0-1"]
            state = healthy
            for place in range(REPORTS_OF_A_NODE):
                if chance.random() < 0.05:
                    state = chance.choice((healthy, *sick))
                # the reports of a node that falls silent lie close together: all count
                moment = FIRST + EVERY * min(place, silent_after) + datetime.timedelta(seconds=place)
                report = {**state, "node": {**state["node"], "instance_id": instance, "region": region,
                                            "kernel": kernel},
                          "run": {**state["run"], "sequence": place + 1, "started_at": utc(moment)},
                          "facts": {**state["facts"], "software": {**state["facts"]["software"],
                                                                   "installer_packages": installed}}}
                fleet[instance].append(report)
                day = utc(moment)[:10]
                key = f"region={region}/date={day}/instance={instance}/{utc(moment)}-9f86d081-{place + 1}.json"
                if number % 2 and place >= UPGRADED_AT:
                    fleet[instance][-1] = report = folded(report)
                    key += ".gz"
                self.put(key, json.dumps(report) + "\n")
        return fleet

    def ask(self, **parameters):
        queries = {name: {"sql": (ATHENA / f"{name.replace('_', '-')}.sql").read_text(),
                          "parameters": given} for name, given in parameters.items()}
        begin = time.monotonic()
        run = subprocess.run(
            ["node", "-e", RUN_QUERIES], text=True, timeout=300, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**os.environ, "NODE_PATH": str(npm.modules(DUCKDB))},
            input=json.dumps({"root": str(self.directory / "efa"), "columns": columns("table.sql"),
                              "account_columns": columns("account-table.sql"),
                              "queries": queries}))
        self.assertEqual(run.returncode, 0, run.stderr)
        answers = json.loads(run.stdout)
        print(f"read in {time.monotonic() - begin:.1f} s in all;",
              ", ".join(f"{name}: {len(answer['rows'])} rows in {answer['ms']:.0f} ms"
                        for name, answer in answers.items()), flush=True)
        return {name: answer["rows"] for name, answer in answers.items()}

    def write_account(self, name, causes, at="22:00", region="us-east-1", account="123456789012", fleet="tag:a=b"):
        """As efa-doctor account --deliver puts it: an instance a line."""
        lines = [json.dumps({"id": instance, "type": "c5n.18xlarge", "zone": region + "a",
                             "efa_interfaces": 1, "verdict": "unhealthy", "findings": [],
                             "root_causes": found, "asked": {
                                 "at": f"2026-11-23T{at}:00Z", "region": region, "fleet": fleet, "duration_ms": 1,
                                 "caller": {"account": account, "arn": f"arn:aws:iam::{account}:role/r"}}})
                 for instance, found in causes.items()]
        words = fleet.replace(":", "_").replace("=", "_")
        self.put(f"account/account={account}/region={region}/fleet={words}/{name}", "\n".join(lines) + "\n")

    def put(self, key, text):
        """An object; gzipped when its key ends so."""
        path = self.directory / "efa" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())

    def test_the_six_questions_are_answered(self):
        fleet = self.make_fleet()
        self.assertEqual(sum(map(len, fleet.values())), 10_000)
        for reports in list(fleet.values())[:3]:
            for report in reports:
                self.assert_valid(report)
        newest = {instance: reports[-1] for instance, reports in fleet.items()}
        bad = {instance: report for instance, report in newest.items()
               if report["verdict"] != "healthy"}
        known = sorted(bad)[::2] + sorted(set(newest) - set(bad))[:5]
        # beside the plain one of earlier, whose causes are mended
        self.write_account("latest.json", {instance: ["account.security-group-no-ingress"] for instance in newest}, at="21:00")
        self.write_account("latest.json.gz", {instance: ["account.security-group-no-egress"] for instance in known})
        limit = utc(FIRST + EVERY * (REPORTS_OF_A_NODE - 2))
        answers = self.ask(unhealthy_now=[DAYS], by_root_cause=[DAYS], since_when=[DAYS],
                           version_drift=[DAYS], silent_nodes=[DAYS, limit], account=[DAYS])
        self.assertGreater(len(bad), 50)
        self.assertEqual(
            {row["instance"]: (row["region"], row["verdict"], row["summary"], row["started_at"])
             for row in answers["unhealthy_now"]},
            {instance: (report["node"]["region"], report["verdict"], report["summary"],
                        report["run"]["started_at"]) for instance, report in bad.items()})
        causes = collections.Counter(cause for report in bad.values()
                                     for cause in report["root_causes"])
        self.assertEqual({row["cause"]: int(row["nodes"]) for row in answers["by_root_cause"]}, causes)
        self.assertEqual({row["instance"]: row["since"] for row in answers["since_when"]},
                         {instance: self.since(fleet[instance]) for instance in bad})
        self.assertEqual([(row["instance"], row["account_cause"]) for row in answers["account"]],
                         [(instance, "account.security-group-no-egress")
                          for instance in sorted(bad)[::2]])
        drift = collections.Counter(
            (report["node"]["kernel"], report["facts"]["kernel"].get("efa_version"), *self.packages(report))
            for report in newest.values())
        self.assertEqual({(row["kernel"], row["efa_version"], row["libfabric"], row["rdma_core"], row["plugin"]):
                          int(row["nodes"]) for row in answers["version_drift"]}, drift)
        self.assertEqual({counted[2:] for counted in drift}, set(PACKAGES))
        silent = {instance for instance, report in newest.items()
                  if report["run"]["started_at"] < limit}
        self.assertGreater(len(silent), 10)
        self.assertEqual({row["instance"] for row in answers["silent_nodes"]}, silent)

    def test_of_the_account_the_newest_of_each_fleet_counts_plain_or_packed(self):
        _, (sick, *_) = self.real_reports()
        for instance in ("i-1", "i-2", "i-3"):
            report = {**sick, "node": {**sick["node"], "instance_id": instance}}
            self.put(f"region=us-east-1/date={DAYS}/instance={instance}/1.json.gz", json.dumps(report) + "\n")
        packed, plain = [("i-1", "a.packed"), ("i-2", "a.packed")], [("i-1", "a.plain"), ("i-3", "a.plain")]
        for of_plain, counted in (({"at": "21:59"}, packed), ({"at": "22:01"}, plain),
                                  ({"at": "21:59", "region": "us-west-2"}, packed + plain),
                                  ({"at": "21:59", "fleet": "tag:c=d"}, packed + plain),
                                  ({"at": "22:01", "account": "210987654321"}, packed + plain)):
            with self.subTest(of_plain):
                shutil.rmtree(self.directory / "efa/account", ignore_errors=True)
                self.write_account("latest.json.gz", {instance: [cause] for instance, cause in packed})
                self.write_account("latest.json", {instance: [cause] for instance, cause in plain}, **of_plain)
                answer, = self.ask(account=[DAYS]).values()
                self.assertEqual([(row["instance"], row["account_cause"]) for row in answer], sorted(counted))

    @staticmethod
    def packages(report):
        installed = report["facts"]["software"]["installer_packages"]
        return [next((name for name in installed if name.startswith(begin)), None)
                for begin in ("libfabric", "rdma-core", "libnccl-ofi")]

    @staticmethod
    def since(reports):
        """Of a node that is not well: the first report after the last good one."""
        first = None
        for report in reports:
            if report["verdict"] == "healthy":
                first = None
            else:
                first = first or report["run"]["started_at"]
        return first


if __name__ == "__main__":
    reason = npm.why_not(DUCKDB)
    if reason:
        print(reason)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
