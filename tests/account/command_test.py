"""efa-doctor account, from its command line to its exit code, against a stand-in for AWS's API."""

import datetime
import gzip
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from ec2 import Ec2, fleet, instance, refers, rule
from efa_doctor import EFA_DOCTOR, ENOUGH_S, INTERNAL, SOURCE, USAGE, environment, schema
from s3_case import rules_for
from s3_server import S3Server, refuse

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN//////////wEaDA=="
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN, "HOME": "/none"}
OPEN_TO_ALL = rule("sg-a", True, cidrIpv4="0.0.0.0/0")


def run(*arguments, **env):
    done = subprocess.run([EFA_DOCTOR, "account", *arguments], env=environment(**{**KEYS, **env}),
                          capture_output=True, text=True, timeout=ENOUGH_S, check=False)
    for secret in (SECRET, TOKEN):
        assert secret not in done.stdout + done.stderr
    return done


def ask(ec2, *arguments):
    return run("--filter", "tag:Fleet=train", "--region", "eu-west-1", "--endpoint", ec2.endpoint,
               "--rate", "100", *arguments)


def report(ec2, *arguments):
    done = ask(ec2, "--format", "json", *arguments)
    value = json.loads(done.stdout)
    schema("account").validate(value)
    assert value["exit_code"] == done.returncode
    assert done.stdout.count("\n") == 1, "Athena reads an object a line"
    return value


def with_rules(*rules, instances=2, efa=2):
    answers = fleet(instances, efa)
    answers["DescribeSecurityGroupRules"] = ("securityGroupRuleSet", list(rules))
    return answers


def as_cdk_makes_it():
    return with_rules(rule("sg-a", False, **refers("sg-a")), OPEN_TO_ALL, efa=32)


def healthy():
    return with_rules(rule("sg-a", False, **refers("sg-a")), rule("sg-a", True, **refers("sg-a")),
                      OPEN_TO_ALL, efa=32)


class Verdicts(unittest.TestCase):
    def test_a_group_as_cdk_makes_it_lets_no_efa_out(self):
        with Ec2(as_cdk_makes_it()) as ec2:
            found = report(ec2)
        self.assertEqual(found["verdict"], "unhealthy")
        self.assertEqual(found["root_causes"], ["account.security-group-no-egress"])
        self.assertEqual([one["verdict"] for one in found["instances"]], ["unhealthy"] * 2)

    def test_the_rule_that_is_named_heals_it(self):
        with Ec2(as_cdk_makes_it()) as ec2:
            finding = report(ec2)["instances"][0]["findings"][0]
        self.assertEqual(
            finding["remedy"]["command"],
            "aws ec2 authorize-security-group-egress --region eu-west-1 --group-id sg-a "
            '--ip-permissions "IpProtocol=-1,UserIdGroupPairs=[{GroupId=sg-a}]"')
        with Ec2(healthy()) as ec2:
            healed = report(ec2)
        self.assertEqual((healed["verdict"], healed["root_causes"]), ("healthy", []))

    def test_the_same_fix_is_told_for_each_tool(self):
        with Ec2(as_cdk_makes_it()) as ec2:
            finding = report(ec2)["instances"][0]["findings"][0]
        self.assertEqual(set(finding["described"]), {"CDK", "CloudFormation", "Terraform"})
        self.assertIn("DestinationSecurityGroupId: sg-a", finding["described"]["CloudFormation"])

    def test_a_fleet_without_efa_is_not_applicable(self):
        with Ec2(fleet(efa=0)) as ec2:
            self.assertEqual(report(ec2)["verdict"], "not_applicable")

    def test_no_instance_that_matches_is_unknown(self):
        with Ec2(fleet(0)) as ec2:
            done = ask(ec2)
        self.assertEqual(done.returncode, 3)
        self.assertIn("no running instance in eu-west-1 is tag:Fleet=train", done.stdout)


class WhatCannotBeAsked(unittest.TestCase):
    def test_a_denied_section_is_unknown_and_fails_nothing(self):
        for action in ("DescribeSecurityGroupRules", "DescribePlacementGroups",
                       "DescribeInstanceTypes", "DescribeCapacityReservations", "GetCallerIdentity"):
            with self.subTest(action), Ec2(healthy()) as ec2:
                ec2.refuse = lambda request, _, action=action: (
                    (403, "UnauthorizedOperation") if request.action == action else None)
                found = report(ec2)
                self.assertIn(found["exit_code"], (0, 3))
                self.assertEqual(found["root_causes"], [])

    def test_keys_that_are_not_taken_are_one_clear_line(self):
        for status, code in ((401, "AuthFailure"), (403, "ExpiredToken"), (400, "OptInRequired")):
            with self.subTest(code), Ec2(healthy()) as ec2:
                ec2.refuse = lambda *_, status=status, code=code: (status, code)
                done = ask(ec2)
                self.assertEqual(done.returncode, 3)
                self.assertIn(code, done.stdout)

    def test_nobody_answers(self):
        done = run("--instance", "i-0123456789abcdef0", "--region", "eu-west-1", "--endpoint",
                   "http://127.0.0.1:9", "--limit", "5")
        self.assertEqual(done.returncode, 3)
        self.assertTrue(done.stdout.startswith("UNKNOWN  the instances are not known: "), done.stdout)

    def test_without_keys(self):
        done = run("--filter", "tag:a=b", "--region", "eu-west-1", AWS_ACCESS_KEY_ID="",
                   AWS_EC2_METADATA_DISABLED="true")
        self.assertEqual(done.returncode, 3)
        self.assertIn("credentials", done.stdout)


class CommandLine(unittest.TestCase):
    def test_what_is_no_fleet_is_refused_before_anybody_is_asked(self):
        for arguments in ((), ("--instance", "web-1"), ("--filter", "train"), ("--filter", "=x"),
                          ("--filter", "tag:a="), ("--filter", "tag:a=b", "--replay", "x"),
                          ("--rate", "0", "--filter", "tag:a=b"), ("--limit", "x"),
                          ("--template", "x", "--parameter", "y")):
            with self.subTest(arguments):
                done = run(*arguments)
                self.assertEqual(done.returncode, USAGE, done.stdout + done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertLessEqual(done.stderr.count("\n"), 2, done.stderr)

    def test_instances_are_asked_for_by_id(self):
        with Ec2(healthy()) as ec2:
            run("--instance", "i-00000000000000001", "--instance", "i-00000000000000002",
                "--region", "eu-west-1", "--endpoint", ec2.endpoint)
        values = ec2.asked[0].form.items()
        self.assertEqual([value for name, value in values if value.startswith("i-")],
                         ["i-00000000000000001", "i-00000000000000002"])

    def test_a_report_goes_to_a_file(self):
        with tempfile.TemporaryDirectory() as directory, Ec2(healthy()) as ec2:
            path = pathlib.Path(directory, "latest.json")
            done = ask(ec2, "--format", "json", "--output", str(path))
            self.assertEqual((done.returncode, done.stdout), (0, ""))
            schema("account").validate(json.loads(path.read_text()))


class Recordings(unittest.TestCase):
    def test_a_replay_says_the_same(self):
        with tempfile.TemporaryDirectory() as directory, Ec2(as_cdk_makes_it()) as ec2:
            path = os.path.join(directory, "fleet.jsonl")
            live = report(ec2, "--record", path)
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            done = run("--replay", path, "--format", "json")
        replayed = json.loads(done.stdout)
        for value in (live, replayed):
            for varying in ("at", "duration_ms", "fleet"):
                value["asked"].pop(varying)
        self.assertEqual(live, replayed)

    def test_what_is_none_is_refused(self):
        with tempfile.TemporaryDirectory() as directory:
            for text in ("", "x", "{}", '{"add":"instances","value":3}', "[]", "\0",
                         '{"add":"sections","value":{"name":7}}'):
                with self.subTest(text):
                    path = pathlib.Path(directory, "no-recording")
                    path.write_text(text + "\n")
                    done = run("--replay", str(path))
                    self.assertEqual(done.returncode, USAGE, done.stdout)
                    self.assertIn("is no recording of an account", done.stderr)


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
            kept = bucket.objects["/pics/efa/account/latest.json.gz"]
            self.assertEqual(gzip.decompress(kept).decode(), done.stdout)
            self.assertEqual([len(rules_for(path)) for path in bucket.objects], [1])
            bucket.always = refuse(403, "AccessDenied")
            done = ask(ec2, "--config", str(config), "--deliver")
        self.assertEqual(done.returncode, INTERNAL)
        self.assertIn("account/latest.json not delivered", done.stderr)

    def test_without_a_bucket_nothing_is_asked_that_is_to_be_delivered(self):
        with Ec2(healthy()) as ec2:
            done = ask(ec2, "--deliver")
            self.assertEqual((done.returncode, ec2.asked), (USAGE, []), done.stderr)
        self.assertIn("uri of [s3] is not set", done.stderr)


class Text(unittest.TestCase):
    def test_the_verdict_is_first_and_what_is_alike_is_said_once(self):
        answers = as_cdk_makes_it()
        answers["DescribeInstances"] = (
            "reservationSet", [{"reservationId": "r-1",
                                "instancesSet": [instance(number, efa=32) for number in range(1, 129)]}])
        with Ec2(answers) as ec2:
            done = ask(ec2)
        self.assertTrue(done.stdout.startswith("UNHEALTHY  128 of 128 instances: No outbound rule"))
        self.assertEqual(done.stdout.count("no outbound rule for all"), 1)
        self.assertEqual(done.stdout.count("$ aws ec2 authorize-security-group-egress"), 1)
        self.assertLess(len(done.stdout), 4000)


if __name__ == "__main__":
    unittest.main()
