"""efa-doctor account, from its command line to its exit code, against a stand-in for AWS's API."""

import json
import os
import pathlib
import tempfile
import unittest

from account_command import as_cdk_makes_it, ask, healthy, report, run
from ec2 import Ec2, fleet, instance
from efa_doctor import USAGE, schema


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
