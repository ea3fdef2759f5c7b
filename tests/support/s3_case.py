"""Reports in a spool and the uploader on them, for the tests in tests/s3."""

import collections
import hashlib
import json
import os
import subprocess
import urllib.parse

from efa_doctor import SOURCE, Case, environment, write

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDTEST0000000000", "AWS_SECRET_ACCESS_KEY": "hush/hush+hush"}
BOOT = "9f86d081-884c-7d65-9a2f-eaa0c55ad015"


def aws_environment(**more):
    """Nothing of the caller's own AWS set-up; without keys when `more` brings others."""
    kept = {key: value for key, value in environment().items()
            if not key.startswith("AWS_") and not key.lower().endswith("_proxy")}
    kept["HOME"] = "/nonexistent"
    if os.geteuid() != 0:  # a process that hides its memory cannot look for leaks in it
        kept["ASAN_OPTIONS"] = kept.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return {**kept, **more}


def folded(report):
    """As a report is sent: findings that are good are counted (agent/report/fold.h)."""
    good = collections.Counter((finding["code"], finding["result"]) for finding in report["findings"]
                               if finding["result"] in ("pass", "not_applicable"))
    sent = {}
    for key, value in report.items():
        sent[key] = value if key != "findings" else [
            finding for finding in value if finding["result"] not in ("pass", "not_applicable")]
    sent["folded"] = [{"code": code, "result": result, "subjects": count}
                      for (code, result), count in sorted(good.items())]
    return sent


def rules_for(path):
    """Those of packaging/aws/s3-lifecycle.json that forget s3://pics/efa/..., as the server has its path."""
    key = urllib.parse.unquote(path).removeprefix("/pics/")
    rules = json.loads((SOURCE / "packaging/aws/s3-lifecycle.json").read_text())["Rules"]
    return [rule for rule in rules if key.startswith(rule["Filter"]["Prefix"])]


class S3Case(Case):
    def setUp(self):
        super().setUp()
        self.spool = self.state / "spool"
        self.environment = aws_environment(**KEYS)

    def use(self, endpoint, **settings):
        """Reports go to s3://pics/efa at that endpoint."""
        self.configure(**{"s3.uri": "s3://pics/efa", "s3.endpoint": endpoint, "expect": "none",
                          "s3.gzip": False,  # bodies that a test reads as they lie
                          **{"s3." + key: value for key, value in settings.items()}})

    def put(self, number, change=False, size=0):
        """A report in the spool, written as efa-doctor does; returns its object's path."""
        time = f"2026-11-23T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z"
        name = f"{time}-{BOOT[:8]}-{number}"
        report = {"node": {"instance_id": "i-1", "region": "eu-west-1", "boot_id": BOOT},
                  "run": {"started_at": time, "sequence": number}, "padding": "x" * size}
        path = self.spool / (name + (".change" if change else "") + ".json")
        write(path.with_suffix(".tmp"), json.dumps(report) + "\n")
        path.with_suffix(".tmp").rename(path)
        return ("/pics/efa/region%3Deu-west-1/date%3D2026-11-23/instance%3Di-1/"
                + urllib.parse.quote(name, safe="") + ".json")

    def deliver(self, *arguments, **options):
        return self.efa_doctor("deliver", *arguments, env=self.environment, **options)

    def start_delivery(self, *arguments):
        return subprocess.Popen([str(self.binary), "--config", str(self.config), "deliver",
                                 *map(str, arguments)], env=self.environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def waiting(self):
        return sorted(path.name for path in self.spool.glob("*.json"))

    def delivery(self):
        return json.loads((self.state / "delivery.json").read_text())

    def assert_said(self, code, words):
        error = self.delivery()["last_error"]
        self.assertEqual(error["code"], code)
        self.assertIn(words, error["words"])


def digest(data):
    return hashlib.sha256(data).hexdigest()
