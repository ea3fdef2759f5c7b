"""Delivery to S3 against a server that misbehaves: nothing is lost, what is wrong is said."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
import unittest

import http_service
import s3_server
from efa_doctor import EFA_DOCTOR, MAKE_NODE, SOURCE
from s3_case import KEYS, S3Case, folded, rules_for
from http_service import say
from s3_server import S3Server, refuse


class WellTest(S3Case):
    def test_once_sends_its_report_as_one_line_and_as_the_latest(self):
        with S3Server() as bucket:
            self.use(bucket.endpoint)
            run = self.once("--format", "json", env=self.environment)
        self.assertEqual(run.returncode, 0, run.stderr)
        report = json.loads(run.stdout)
        self.assertEqual(self.waiting(), [])
        (dated, dated_body), (latest, latest_body) = sorted(bucket.objects.items(), reverse=True)
        day = report["run"]["started_at"][:10]
        self.assertRegex(dated, f"^/pics/efa/region%3D[a-z0-9-]+/date%3D{day}/instance%3D")
        self.assertRegex(latest, r"^/pics/efa/latest/[^/]+\.json$")
        self.assertEqual(dated_body, latest_body)
        self.assertEqual(json.loads(dated_body), folded(report))
        self.assertEqual(dated_body.count(b"\n"), 1)
        self.assertEqual([len(rules_for(path)) for path in (dated, latest)], [1, 1])

    def test_a_healthy_node_of_32_devices_sends_less_than_a_megabyte_a_day(self):
        bill = subprocess.run([SOURCE / "tests/bench/bill", EFA_DOCTOR, MAKE_NODE, "1000"], text=True,
                              stdout=subprocess.PIPE, timeout=120, check=True).stdout
        sent = re.findall(r"([\d,]+) bytes .* (\d+) PUT and +([\d.]+) MB a node and day.* ([\d.]+) GB stored", bill)
        (_, puts_before, before, _), *_, (size, puts, now, stored) = sent
        self.assertGreater(float(before), 100, "a plain report a pass")
        self.assertLess(float(now), 1)
        self.assertEqual((int(puts_before), int(puts)), (576, 52))
        # 26 reports a day for 90 days, what latest/ was for one, and latest/
        self.assertAlmostEqual(float(stored), int(size.replace(",", "")) * (26 * 91 + 1) * 1000 / 1e9, delta=0.1)

    def test_a_thousand_reports_take_one_connection(self):
        paths = [self.put(number, change=number % 100 == 0) for number in range(1, 1001)]
        with S3Server() as bucket:
            self.use(bucket.endpoint)
            run = self.deliver("--limit", 60)
        self.assertEqual(run.returncode, 0, run.stderr + run.stdout)
        self.assertEqual(self.waiting(), [])
        self.assertEqual(set(bucket.objects), {*paths, "/pics/efa/latest/i-1.json"})
        self.assertLessEqual(bucket.connections, 2)
        latest = json.loads(bucket.objects["/pics/efa/latest/i-1.json"])
        self.assertEqual(latest["run"]["sequence"], 1000)

    def test_what_is_needed_most_goes_first(self):
        for number, change in [(1, True), (2, False), (3, True), (4, False)]:
            self.put(number, change)
        with S3Server() as bucket:
            self.use(bucket.endpoint)
            self.deliver()
        order = [path[-6] for path in bucket.stored if "latest" not in path]
        self.assertEqual("".join(order), "3142")

    def test_no_deliver_sends_nothing(self):
        with S3Server() as bucket:
            self.use(bucket.endpoint)
            self.once("--no-deliver", env=self.environment)
        self.assertEqual(bucket.asked, [])
        self.assertFalse(self.spool.exists())

    def test_without_s3_there_is_nothing_to_deliver(self):
        run = self.deliver()
        self.assertEqual(run.returncode, 64)
        self.assertIn("s3.uri is not set", run.stderr)

    def test_status_tells_how_delivery_stands(self):
        def line():
            return self.efa_doctor("status").stdout.splitlines()[-1]
        self.put(1)
        with S3Server() as bucket:
            self.use(bucket.endpoint)
            self.assertEqual(line(),
                             f"delivery  s3://pics/efa at {bucket.endpoint}: no attempt has finished yet")
            self.deliver()
            self.assertRegex(line(), r": last delivered 20\S+Z$")
            self.put(2)
            bucket.always = refuse(403, "AccessDenied")
            self.deliver("--limit", 1)
            self.assertRegex(line(), r", 1 waiting; 403 AccessDenied: .*s3:PutObject")


class FaultTest(S3Case):
    # what the server does, the code and the words that are kept, the settings it takes
    FAULTS = {
        "denied": (refuse(403, "AccessDenied"), "403 AccessDenied",
                   "allow s3:PutObject on arn:aws:s3:::pics/efa/*"),
        "wrong secret": (refuse(403, "SignatureDoesNotMatch"), "403 SignatureDoesNotMatch",
                         "secret access key"),
        "no bucket": (refuse(404, "NoSuchBucket"), "404 NoSuchBucket", "bucket 'pics'"),
        "elsewhere": (refuse(301, "PermanentRedirect"), "301 PermanentRedirect", "region us-east-1"),
        "overloaded": (refuse(503, "SlowDown"), "503 SlowDown", "fewer requests"),
        "throttled": (say(429), "429", "refused"),
        "broken": (say(500, b"oops"), "500", "could not"),
        "portal": (say(200, b"<html>log in</html>"), "200", "not S3"),
        "odd xml": (say(400, b"<Error><Code>" + b"<a>" * 10000), "400", "refused"),
        "silent": (http_service.hang, "no answer", "127.0.0.1"),
        "dripping": (http_service.drip, "no answer", "127.0.0.1"),
        "endless": (http_service.endless(403), "no answer", "too long"),
        "no http": (http_service.no_http, "no answer", "127.0.0.1"),
        "gone": (http_service.hang_up, "no answer", "127.0.0.1"),
    }

    def test_a_fault_is_explained_and_loses_nothing(self):
        for name, (fault, code, words) in self.FAULTS.items():
            with self.subTest(name):
                path = self.put(1)
                with S3Server(always=fault) as bucket:
                    self.use(bucket.endpoint, timeout_ms=400, stall_timeout_s=1)
                    run = self.deliver("--limit", 1 if name in ("silent", "dripping") else 5)
                self.assertEqual(run.returncode, 1, run.stderr)
                self.assertEqual(len(self.waiting()), 1)
                self.assert_said(code, words)
                self.assertIn(words, run.stderr)
                with S3Server(port=bucket.port) as bucket:
                    self.assertEqual(self.deliver("--limit", 20).returncode, 0)
                self.assertIn(path, bucket.objects)
                self.assertNotIn("last_error", self.delivery())
                (self.state / "delivery.json").unlink()

    def test_a_passing_fault_is_waited_out(self):
        self.put(1)
        with S3Server([refuse(503, "SlowDown"), say(500), http_service.hang_up]) as bucket:
            self.use(bucket.endpoint)
            run = self.deliver("--limit", 30)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_retry_after_is_honoured(self):
        self.put(1)
        with S3Server([refuse(503, "SlowDown", headers=[("Retry-After", "2")])]) as bucket:
            self.use(bucket.endpoint)
            begin = time.monotonic()
            self.assertEqual(self.deliver("--limit", 30).returncode, 0)
            self.assertGreaterEqual(time.monotonic() - begin, 2)

    def test_the_region_of_the_bucket_is_found(self):
        moved = refuse(301, "PermanentRedirect", headers=[("x-amz-bucket-region", "eu-central-1")])
        for number, fault in enumerate([moved, refuse(400, "AuthorizationHeaderMalformed",
                                                      region="eu-central-1")], 1):
            self.put(number)
            with S3Server([fault]) as bucket:
                self.use(bucket.endpoint)
                self.assertEqual(self.deliver().returncode, 0)
            self.assertIn("/us-east-1/s3/", bucket.asked[0][1]["authorization"])
            self.assertIn("/eu-central-1/s3/", bucket.asked[1][1]["authorization"])

    def test_a_wrong_clock_is_corrected_by_the_servers(self):
        self.put(1)
        date = "Mon, 23 Nov 2020 22:00:00 GMT"
        with S3Server([refuse(403, "RequestTimeTooSkewed")], date=date) as bucket:
            self.use(bucket.endpoint)
            self.assertEqual(self.deliver().returncode, 0)
        self.assertTrue(bucket.asked[1][1]["x-amz-date"].startswith("20201123T2200"))

    def test_an_object_that_arrived_unseen_is_not_sent_twice(self):
        path = self.put(1)
        with S3Server([s3_server.store_and_hang_up]) as bucket:
            self.use(bucket.endpoint)
            self.assertEqual(self.deliver("--limit", 20).returncode, 0)
        self.assertEqual(bucket.stored.count(path), 1)

    def test_nothing_is_lost_while_the_server_is_gone(self):
        with S3Server() as gone:
            pass
        self.use(gone.endpoint, once_limit_ms=100)
        for _ in range(3):
            run = self.once(env=self.environment)
            self.assertEqual(run.returncode, 0)
        self.assertEqual(len(self.waiting()), 3)
        self.assertEqual(self.delivery()["pending"], 3)
        with S3Server(port=gone.port) as bucket:
            self.assertEqual(self.deliver("--limit", 20).returncode, 0)
        self.assertEqual(len(bucket.objects), 4)
        self.assertEqual(self.delivery()["pending"], 0)

    def test_once_does_not_wait_for_a_server_that_hangs(self):
        with S3Server(always=http_service.hang) as bucket:
            self.use(bucket.endpoint, once_limit_ms=700)
            begin = time.monotonic()
            run = self.once("--format", "json", env=self.environment)
            spent = time.monotonic() - begin
        self.assertEqual(run.returncode, 0)
        took = json.loads(run.stdout)["run"]["duration_ms"] / 1000
        self.assertLess(spent - took, 3)
        self.assertEqual(len(self.waiting()), 1)

    def test_a_spool_that_is_full_says_what_it_dropped(self):
        with S3Server() as gone:
            pass
        self.use(gone.endpoint, once_limit_ms=0, spool_count=2)
        for _ in range(4):
            self.once(env=self.environment)
        self.assertEqual(len(self.waiting()), 2)
        self.assertTrue(any(".change." in name for name in self.waiting()))
        self.deliver("--limit", 1)
        self.assertEqual(self.delivery()["dropped"], 2)


class WayTest(S3Case):
    def test_a_certificate_is_checked_against_the_authorities_that_are_set(self):
        certificate = self.directory / "certificate.pem", self.directory / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate[0],
                        "-keyout", certificate[1]], check=True, stderr=subprocess.DEVNULL)
        self.put(1)
        with S3Server(certificate=certificate) as bucket:
            self.use(bucket.endpoint)
            self.assertEqual(self.deliver("--limit", 1).returncode, 1)
            self.assert_said("no answer", "s3.ca_file")
            self.assertEqual(bucket.asked, [], "sent to a server that is not trusted")
            self.use(bucket.endpoint, ca_file=str(certificate[0]))
            self.assertEqual(self.deliver().returncode, 0)

    def test_a_proxy_is_used_where_one_is_set(self):
        self.put(1)
        with S3Server() as proxy:
            self.use("http://store.invalid", proxy=proxy.endpoint)
            self.assertEqual(self.deliver().returncode, 0)
        self.assertTrue(proxy.asked[0][0].startswith("http://store.invalid/pics/efa/"))


@unittest.skipUnless(os.geteuid() == 0, "mounting a small disk takes root")
class FullDiskTest(S3Case):
    def setUp(self):
        super().setUp()
        self.state.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "efa-doctor-test", str(self.state)]
        if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no file system may be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.state)], check=True)

    def test_a_full_disk_is_said_and_changes_no_verdict(self):
        with S3Server() as gone:
            pass
        self.use(gone.endpoint, once_limit_ms=0)
        self.assertEqual(self.once(env=self.environment).returncode, 0)
        self.put(1, size=20_000)  # superseded: the first to make room
        for name in ("a", "b"):
            with open(self.state / name, "wb", buffering=0) as filler, \
                    contextlib.suppress(OSError):
                for _ in range(64):  # 256 KiB, half of it
                    filler.write(b"x" * 4096)
        run = self.once(env=self.environment)
        self.assertEqual(run.returncode, 0)
        self.assertIn("No space left on device", run.stderr)
        for path in self.spool.glob("*.json"):
            json.loads(path.read_text())
        (self.state / "a").unlink()
        with S3Server(port=gone.port) as bucket:
            self.assertEqual(self.once(env=self.environment).returncode, 0)
            self.assertEqual(self.deliver("--limit", 20).returncode, 0)
        self.assertGreaterEqual(len(bucket.objects), 3)


class ProcessTest(S3Case):
    def test_it_ends_when_it_is_told_to(self):
        self.put(1)
        with S3Server(always=http_service.hang) as bucket:
            self.use(bucket.endpoint)
            process = self.start_delivery("--limit", 60)
            while not bucket.asked:
                time.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=5)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(len(self.waiting()), 1)

    def test_one_works_at_a_time_and_leaves_no_core(self):
        self.put(1)
        with S3Server(always=http_service.hang) as bucket:
            self.use(bucket.endpoint)
            first = self.start_delivery("--limit", 60)
            while not bucket.asked:
                time.sleep(0.01)
            with open(f"/proc/{first.pid}/limits") as limits:
                core = next(line for line in limits if line.startswith("Max core file size"))
            self.assertEqual(core.split()[4:6], ["0", "0"])
            second = self.deliver()
            first.kill()
            first.communicate()
        self.assertEqual(second.returncode, 1)
        self.assertIn("another delivery is at work", second.stdout)

    def test_keys_are_nowhere_but_in_requests(self):
        with S3Server(always=refuse(403, "AccessDenied")) as bucket:
            self.use(bucket.endpoint)
            once = self.once("--format", "json", env=self.environment)
            deliver = self.deliver("--limit", 1)
        texts = [once.stdout, once.stderr, deliver.stdout, deliver.stderr]
        for path in self.directory.rglob("*"):
            if path.is_file():
                texts.append(path.read_text(errors="replace"))
        for text in texts:
            for key in KEYS.values():
                self.assertNotIn(key, text)


if __name__ == "__main__":
    unittest.main()
