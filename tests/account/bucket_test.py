"""efa-doctor account beside the bucket of the nodes' reports: what it reads there, who has which right,
and what it puts there."""

import datetime
import gzip
import json
import pathlib
import tempfile
import unittest

from account_command import as_cdk_makes_it, ask, healthy, report, run
from ec2 import Ec2
from efa_doctor import INTERNAL, SOURCE, USAGE, schema
from s3_case import rules_for
from s3_server import S3Server, refuse


def node_report(number, macs, causes=()):
    """As the node leaves it in S3."""
    now = datetime.datetime.now(datetime.timezone.utc)
    value = {"schema": "efa-doctor.report.v1", "node": {"instance_id": f"i-{number:017x}"},
             "run": {"started_at": now.strftime("%Y-%m-%dT%H:%M:%SZ")},
             "verdict": "unhealthy" if causes else "healthy", "summary": "words",
             "root_causes": list(causes), "probes": [{"name": "pci", "status": "ok"}],
             "devices": [{"rdma": {"mac": mac}} for mac in macs]}
    return json.dumps(value).encode()


def macs(count):
    return [f"0e:00:00:00:00:{card:02x}" for card in range(1, count + 1)]


LOST = node_report(2, macs(31), ["cloud.interface-not-on-pci"])


class ReportsOfNodes(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def ask(self, *arguments, answers=None):
        with Ec2(answers or healthy()) as ec2:
            return run("--region", "eu-west-1", "--endpoint", ec2.endpoint, "--rate", "100", *arguments)

    def expect_lost(self, done):
        found = json.loads(done.stdout)
        schema("account").validate(found)
        self.assertEqual(found["root_causes"], ["account.interface-lost"])
        well, sick = found["instances"]
        self.assertEqual((well["verdict"], sick["verdict"]), ("healthy", "unhealthy"))
        self.assertEqual(sick["node"]["explained_by"],
                         {"cloud.interface-not-on-pci": "account.interface-lost"})

    def test_their_instances_are_asked_about_and_a_lost_interface_is_named(self):
        (self.directory / "1.json").write_bytes(node_report(1, macs(32)))
        (self.directory / "2.json.gz").write_bytes(gzip.compress(LOST))
        recording = self.directory / "recording"
        done = self.ask("--from-reports", str(self.directory), "--format", "json", "--record",
                        str(recording))
        self.expect_lost(done)
        self.expect_lost(run("--replay", str(recording), "--format", "json"))

    def config(self, bucket):
        path = self.directory / "config.toml"
        path.write_text(f'[s3]\nuri = "s3://pics/efa"\nendpoint = "{bucket.endpoint}"\n'
                        'region = "eu-west-1"\n')
        return str(path)

    def test_they_are_read_out_of_the_bucket(self):
        with S3Server() as bucket:
            bucket.objects = {
                "/pics/efa/latest/i-1.json.gz": gzip.compress(node_report(1, macs(32))),
                "/pics/efa/latest/i-2.json": LOST,
                "/pics/efa/latest/i-2.txt": b"no report",
                "/pics/efa/latest/i-3.json": b"<html>",
                "/pics/efa/date=2026-11-27/old.json": node_report(2, [])}
            done = self.ask("--config", self.config(bucket), "--from-reports", "s3://pics/efa",
                            "--format", "json")
        self.expect_lost(done)
        [section] = [one for one in json.loads(done.stdout)["sections"] if one["name"] == "reports"]
        self.assertEqual(section["status"], "partial")
        self.assertIn("1 of 3 were not read: efa/latest/i-3.json", section["words"])

    def test_a_bucket_that_may_not_be_read_names_the_statement(self):
        with S3Server(always=refuse(403, "AccessDenied")) as bucket:
            done = self.ask("--config", self.config(bucket), "--from-reports", "s3://pics/efa")
        self.assertEqual(done.returncode, 3)
        self.assertIn("AccessDenied", done.stdout)
        self.assertIn('"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::pics"',
                      " ".join(done.stdout.split()))

    def test_a_bucket_in_another_region_is_found(self):
        with S3Server(faults=[refuse(301, "PermanentRedirect", region="eu-west-3")]) as bucket:
            bucket.objects = {"/pics/efa/latest/i-1.json": node_report(1, macs(32)),
                              "/pics/efa/latest/i-2.json": LOST}
            done = self.ask("--config", self.config(bucket), "--from-reports", "s3://pics/efa",
                            "--format", "json")
            self.assertIn("/eu-west-3/s3/", bucket.asked[-1][1]["authorization"])
        self.expect_lost(done)

    def test_a_source_without_reports_is_told(self):
        (self.directory / "x.json").write_text("{}")
        done = self.ask("--from-reports", str(self.directory))
        self.assertEqual(done.returncode, 3)
        self.assertIn("no report says of which", done.stdout)

    def test_what_is_not_there_is_refused(self):
        for option in ("--from-reports", "--template"):
            done = run(option, "/none")
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""), option)
            self.assertIn("'/none': is not there", done.stderr)

    def test_what_is_no_source_is_refused(self):
        for arguments in (("--from-reports", "s3://"), ("--from-reports", "s3://a", "--template", "x"),
                          ("--bucket", "pics", "--filter", "tag:a=b"), ("--bucket", "s3://pics")):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""), arguments)


class RightsOfTheBucket(unittest.TestCase):
    def test_a_role_that_may_not_put_reports_is_named(self):
        with Ec2(healthy()) as ec2:
            self.assertEqual(report(ec2, "--bucket", "s3://pics/efa/")["verdict"], "healthy")
            asked = [one.form for one in ec2.asked if one.action == "SimulatePrincipalPolicy"]
            self.assertIn("arn:aws:s3:::pics/efa/latest/i-1.json",
                          [form.get("ResourceArns.member.1") for form in asked])
            ec2.decisions["s3:PutObject"] = "explicitDeny"
            found = report(ec2, "--bucket", "s3://pics/efa")
        self.assertEqual((found["verdict"], found["root_causes"]), ("degraded", ["account.bucket"]))


def actions_of(policy):
    value = json.loads((SOURCE / f"packaging/aws/{policy}.json").read_text())
    for statement in value["Statement"]:
        actions = statement["Action"]
        yield from [actions] if isinstance(actions, str) else actions


class RightsOfTheCaller(unittest.TestCase):
    def ask(self, denied=(), *arguments):
        def refuse(request, _):
            if request.action in denied:
                return 403, "UnauthorizedOperation" if request.service == "ec2" else "AccessDenied"
            if request.action == "GetCallerIdentity":
                return None
            if request.service == "ec2":
                self.assertEqual(request.form["DryRun"], "true")
                return 412, "DryRunOperation"
            return 404, "NoSuchEntity" if request.service == "iam" else "InvalidDocument"

        with Ec2(healthy()) as ec2:
            ec2.refuse = refuse
            return run("--check-rights", "--region", "eu-west-1", "--endpoint", ec2.endpoint, "--rate",
                       "100", *arguments)

    def test_who_may_all_hears_it(self):
        done = self.ask()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("may make 11 of the 11 calls", done.stdout)

    def test_what_is_missing_is_one_statement(self):
        done = self.ask(("DescribeVolumes", "SimulatePrincipalPolicy"))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('{"Effect":"Allow","Action":["ec2:DescribeVolumes","iam:SimulatePrincipalPolicy"],'
                      '"Resource":"*"}', done.stdout)
        value = json.loads(self.ask(("DescribeVolumes",), "--format", "json").stdout)
        self.assertEqual([one["action"] for one in value["rights"] if one["status"] != "ok"],
                         ["ec2:DescribeVolumes"])

    def ask_about(self, bucket, *arguments):
        with tempfile.TemporaryDirectory() as directory:
            config = pathlib.Path(directory, "config.toml")
            config.write_text(f'[s3]\nuri = "s3://pics/efa"\nendpoint = "{bucket.endpoint}"\n'
                              'region = "eu-west-1"\n')
            return self.ask((), "--from-reports", "s3://pics/efa", "--config", str(config), *arguments)

    def test_the_bucket_of_reports_is_asked_about_where_it_is_named(self):
        with S3Server() as bucket:
            bucket.objects = {"/pics/efa/latest/i-1.json": b"{}", "/pics/efa/other": b"{}"}
            done = self.ask_about(bucket)
            paths = [asked[0].split("?")[0] for asked in bucket.asked]
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("may make 13 of the 13 calls", done.stdout)
        self.assertEqual(paths, ["/pics/", "/pics/efa/latest/i-1.json"])

    def test_a_report_that_may_not_be_read_names_its_statement(self):
        with S3Server() as bucket:
            bucket.objects = {"/pics/efa/latest/i-1.json": b"{}"}
            bucket.faults = [lambda request: False, refuse(403, "AccessDenied")]
            done = self.ask_about(bucket)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn('{"Effect":"Allow","Action":["s3:GetObject"],'
                      '"Resource":"arn:aws:s3:::pics/efa/latest/*"}', done.stdout)
        self.assertIn("may make 12 of the 13 calls", done.stdout)

    def test_a_bucket_that_may_not_be_listed_says_nothing_of_its_reports(self):
        with S3Server(always=refuse(403, "AccessDenied")) as bucket:
            value = json.loads(self.ask_about(bucket, "--format", "json").stdout)
        self.assertEqual([(one["action"], one["status"]) for one in value["rights"][-2:]],
                         [("s3:ListBucket", "denied"), ("s3:GetObject", "failed")])
        self.assertEqual(value["statements"], [{"Effect": "Allow", "Action": ["s3:ListBucket"],
                                                "Resource": "arn:aws:s3:::pics"}])

    def test_a_bucket_without_reports_or_without_answer_is_unknown(self):
        with S3Server() as bucket:
            empty = self.ask_about(bucket)
            bucket.always = refuse(404, "NoSuchBucket")
            gone = self.ask_about(bucket)
        for done, words in ((empty, "holds no report"), (gone, "NoSuchBucket")):
            self.assertEqual(done.returncode, 3, done.stdout)
            self.assertIn(words, " ".join(done.stdout.split()))
            self.assertNotIn("statement", done.stdout)

    def test_no_fleet_is_asked_about_with_it(self):
        for arguments in (("--filter", "tag:a=b"), ("--bucket", "s3://pics/efa"), ("--from-reports", "/x"),
                          ("--template", "x"), ("--from-reports", "s3://")):
            done = run("--check-rights", "--region", "eu-west-1", *arguments)
            self.assertEqual((done.returncode, done.stdout), (USAGE, ""), arguments)

    def test_without_a_region_nothing_is_asked(self):
        done = run("--check-rights", AWS_REGION="", AWS_DEFAULT_REGION="", AWS_CONFIG_FILE="/none",
                   AWS_SHARED_CREDENTIALS_FILE="/none", AWS_EC2_METADATA_DISABLED="true")
        self.assertEqual((done.returncode, done.stdout), (USAGE, ""))
        self.assertIn("nothing was asked: no region: neither --region, AWS_REGION", done.stderr)

    def test_nobody_answers(self):
        done = run("--check-rights", "--region", "eu-west-1", "--endpoint", "http://127.0.0.1:9",
                   "--limit", "5")
        self.assertEqual(done.returncode, 3, done.stdout)

    def test_the_policy_that_is_shipped_allows_what_is_asked(self):
        describing = json.loads(self.ask((), "--format", "json").stdout)
        with S3Server() as bucket:
            reading = json.loads(self.ask_about(bucket, "--format", "json").stdout)
        for value, policies in ((describing, ["iam-describe"]),
                                (reading, ["iam-describe", "iam-read-reports"])):
            allowed = [action for policy in policies for action in actions_of(policy)]
            self.assertEqual(sorted(one["action"] for one in value["rights"]), sorted(allowed))


def account_object(region, fleet="tag_Fleet_train"):
    return f"/pics/efa/account/account%3D111122223333/region%3D{region}/fleet%3D{fleet}/latest.json.gz"


class Lines(unittest.TestCase):
    def test_each_instance_is_a_line_with_its_causes(self):
        with Ec2(as_cdk_makes_it()) as ec2:
            lines = [json.loads(line) for line in ask(ec2, "--format", "lines").stdout.splitlines()]
        self.assertEqual([line["root_causes"] for line in lines],
                         [["account.security-group-no-egress"]] * 2)
        self.assertEqual(lines[0]["asked"]["fleet"], "tag:Fleet=train")

    def test_they_are_put_beside_the_reports(self):
        with tempfile.TemporaryDirectory() as directory, S3Server() as bucket, Ec2(healthy()) as ec2:
            config = pathlib.Path(directory, "config.toml")
            config.write_text(f'state_directory = "{directory}"\n[s3]\nuri = "s3://pics/efa"\n'
                              f'endpoint = "{bucket.endpoint}"\nregion = "eu-west-1"\n')
            done = ask(ec2, "--config", str(config), "--deliver", "--format", "lines")
            self.assertEqual(done.returncode, 0, done.stderr)
            kept = bucket.objects[account_object("eu-west-1")]
            self.assertEqual(gzip.decompress(kept).decode(), done.stdout)
            self.assertEqual([len(rules_for(path)) for path in bucket.objects], [1])
            done = run("--filter", "tag:Fleet=train", "--region", "us-west-2", "--endpoint", ec2.endpoint,
                       "--config", str(config), "--deliver")
            self.assertEqual(done.returncode, 0, done.stderr)
            done = run("--filter", "tag:Name=node", "--region", "eu-west-1", "--endpoint", ec2.endpoint,
                       "--config", str(config), "--deliver")
            self.assertNotIn("not delivered", done.stderr)
            self.assertEqual(bucket.objects.pop(account_object("eu-west-1")), kept)
            self.assertEqual(set(bucket.objects), {account_object("us-west-2"), account_object("eu-west-1", "tag_Name_node")})
            bucket.always = refuse(403, "AccessDenied")
            done = ask(ec2, "--config", str(config), "--deliver")
        self.assertEqual(done.returncode, INTERNAL)
        self.assertIn("account/account=111122223333/region=eu-west-1/fleet=tag_Fleet_train/latest.json not delivered",
                      done.stderr)

    def test_without_a_bucket_nothing_is_asked_that_is_to_be_delivered(self):
        with Ec2(healthy()) as ec2:
            done = ask(ec2, "--deliver")
            self.assertEqual((done.returncode, ec2.asked), (USAGE, []), done.stderr)
        self.assertIn("uri of [s3] is not set", done.stderr)


if __name__ == "__main__":
    unittest.main()
