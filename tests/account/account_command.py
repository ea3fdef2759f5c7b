"""Runs efa-doctor account against a stand-in for AWS's API, with keys that it must print nowhere."""

import json
import subprocess

from ec2 import fleet, refers, rule
from efa_doctor import EFA_DOCTOR, ENOUGH_S, environment, schema

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
