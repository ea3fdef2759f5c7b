"""Pass and uploader killed at random moments: no torn file, no lost report, none stored twice."""

import json
import os
import random
import subprocess
import time
import unittest

from s3_case import S3Case
from s3_server import S3Server

UPLOADER_KILLS = int(os.environ.get("UPLOADER_KILLS", "200"))
PASS_KILLS = int(os.environ.get("PASS_KILLS", "40"))


class KilledTest(S3Case):
    def setUp(self):
        super().setUp()
        seed = os.environ.get("SEED") or str(random.randrange(10**6))
        print("SEED", seed)  # to see a failure again
        self.random = random.Random(seed)

    def seconds_of(self, work):
        begin = time.monotonic()
        work()
        return time.monotonic() - begin

    def test_a_killed_uploader_loses_nothing_and_stores_nothing_twice(self):
        with S3Server() as bucket:
            self.use(bucket.endpoint)
            paths = [self.put(1, change=True)]
            whole = self.seconds_of(lambda: self.deliver())
            for number in range(2, UPLOADER_KILLS + 2):
                paths.append(self.put(number, change=number % 7 == 0, size=20_000))
                process = self.start_delivery()
                time.sleep(self.random.uniform(0, whole))
                process.kill()
                process.communicate()
            self.assertEqual(self.deliver("--limit", 60).returncode, 0)
        self.assertEqual(self.waiting(), [])
        latest = "/pics/efa/latest/i-1.json"
        self.assertEqual(set(bucket.objects), {*paths, latest})
        for path in paths:
            self.assertEqual(bucket.stored.count(path), 1, path)
        for path, body in bucket.objects.items():
            json.loads(body)
        self.assertEqual(json.loads(bucket.objects[latest])["run"]["sequence"], UPLOADER_KILLS + 1)
        self.assertEqual(list(self.state.glob(".*.efa-doctor-*")), [], "left by a killed write")

    def test_a_killed_pass_leaves_no_torn_report(self):
        with S3Server() as gone:
            pass
        self.use(gone.endpoint, once_limit_ms=0)
        whole = self.seconds_of(lambda: self.once(env=self.environment))
        for _ in range(PASS_KILLS):
            process = subprocess.Popen([str(self.binary), "--config", str(self.config), "--once"],
                                       env=self.environment, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(self.random.uniform(0, whole * 1.1))
            process.kill()
            process.wait()
            for path in self.spool.glob("*.json"):
                json.loads(path.read_text())
        spooled = self.waiting()
        with S3Server(port=gone.port) as bucket:
            self.assertEqual(self.deliver("--limit", 60).returncode, 0)
        self.assertEqual(len(bucket.objects), len(spooled) + 1)
        self.assertEqual(len(bucket.stored), len(bucket.objects))


if __name__ == "__main__":
    unittest.main()
