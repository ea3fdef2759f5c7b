"""Delivery to a real S3 server, Ceph's radosgw: it verifies signatures, clocks and conditions.

Read with botocore, so that what is stored is judged by another client than ours.
"""

import datetime
import gzip
import json
import socket
import sys
import time
import unittest
import urllib.parse

import botocore.config
import botocore.exceptions
import botocore.session

import radosgw
from credentials_test import Service
from efa_doctor import SOURCE
from s3_case import S3Case, aws_environment, folded

REPORTS = 40
gateway = None


def client(service="s3", key=radosgw.KEY, secret=radosgw.SECRET):
    return botocore.session.Session().create_client(
        service, region_name="us-east-1", endpoint_url=gateway.endpoint, aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"max_attempts": 9}))


class RadosgwTest(S3Case):
    buckets = 0

    def setUp(self):
        super().setUp()
        RadosgwTest.buckets += 1
        self.bucket = f"efa-{RadosgwTest.buckets}"
        self.s3 = client()
        self.s3.create_bucket(Bucket=self.bucket)
        self.set_keys()
        self.use()

    def set_keys(self, key=radosgw.KEY, secret=radosgw.SECRET):
        self.environment = aws_environment(AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)

    def use(self, bucket=None, prefix="efa", endpoint=None, **settings):
        self.configure(**{"s3.uri": f"s3://{bucket or self.bucket}/{prefix}", "expect": "none",
                          "s3.endpoint": endpoint or gateway.endpoint,
                          **{"s3." + key: value for key, value in settings.items()}})

    def objects(self):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        return {entry["Key"]: entry for page in pages for entry in page.get("Contents", [])}

    def get(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)

    def assert_delivered(self, *arguments, limit=30):
        run = self.deliver("--limit", limit, *arguments)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(self.waiting(), [])

    def assert_refused(self, code, words):
        run = self.deliver("--limit", 1)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(len(self.waiting()), 1)
        self.assert_said(code, words)

    # what is stored

    def test_a_pass_is_stored_under_its_name_byte_by_byte(self):
        run = self.once("--format", "json", env=self.environment)
        self.assertEqual(run.returncode, 0, run.stderr)
        report = json.loads(run.stdout)
        started = report["run"]["started_at"]
        node = report["node"]
        instance = node.get("instance_id") or node["hostname"]
        name = (f"efa/region={node.get('region', 'unknown')}/date={started[:10]}/"
                f"instance={instance}/{started}-{node['boot_id'][:8]}-1.json.gz")
        self.assertEqual(set(self.objects()), {name, f"efa/latest/{instance}.json.gz"})
        stored = self.get(name)
        self.assertEqual(stored["ContentType"], "application/gzip")
        body = gzip.decompress(stored["Body"].read())
        report = folded(report)
        self.assertEqual(json.loads(body), report)
        self.assert_valid(report)
        self.assertEqual(body.decode(), json.dumps(report, separators=(",", ":"),
                                                   ensure_ascii=False) + "\n")

    def test_a_prefix_may_hold_anything(self):
        self.use(prefix="a b/é+(1)&=x'*~%25")
        self.put(1)
        self.assert_delivered()
        self.assertTrue(all(key.startswith("a b/é+(1)&=x'*~%25/") for key in self.objects()))
        self.assertEqual(len(self.objects()), 2)

    def test_the_bucket_in_the_name_of_the_host(self):
        self.use(endpoint=f"http://localhost:{gateway.port}", addressing="virtual")
        self.put(1)
        self.assert_delivered()
        self.assertEqual(len(self.objects()), 2)

    def test_gzip_and_a_kms_key_with_its_name(self):
        self.use(gzip=True, sse="aws:kms", kms_key_id=radosgw.KMS_KEY, storage_class="STANDARD")
        self.put(1, size=5000)
        self.assert_delivered()
        stored = self.get("efa/latest/i-1.json.gz")
        self.assertEqual(stored["ServerSideEncryption"], "aws:kms")
        self.assertEqual(stored["SSEKMSKeyId"], radosgw.KMS_KEY)
        self.assertEqual(stored["ContentType"], "application/gzip")
        self.assertNotIn("ContentEncoding", stored)
        self.assertEqual(json.loads(gzip.decompress(stored["Body"].read()))["padding"], "x" * 5000)

    def test_the_policy_that_is_shipped_suffices(self):
        policy = json.loads((SOURCE / "packaging/aws/iam-s3.json").read_text())
        put = next(one for one in policy["Statement"] if one["Action"] == "s3:PutObject")
        put["Resource"] = put["Resource"].replace("my-bucket", self.bucket)
        put["Principal"] = {"AWS": ["arn:aws:iam:::user/other"]}
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(
            {"Version": policy["Version"], "Statement": [put]}))
        self.set_keys(radosgw.OTHER_KEY, radosgw.OTHER_SECRET)
        self.put(1)
        self.assert_delivered()
        self.assertEqual(len(self.objects()), 2)
        other = client(key=radosgw.OTHER_KEY, secret=radosgw.OTHER_SECRET)
        self.s3.put_object(Bucket=self.bucket, Key="efa/of-the-owner")
        for key, forbidden in (("efa/of-the-owner", other.get_object), ("else/x", other.put_object)):
            with self.assertRaises(botocore.exceptions.ClientError):
                forbidden(Bucket=self.bucket, Key=key)

    def test_the_lifecycle_that_is_shipped_is_taken(self):
        rules = json.loads((SOURCE / "packaging/aws/s3-lifecycle.json").read_text())
        self.s3.put_bucket_lifecycle_configuration(Bucket=self.bucket, LifecycleConfiguration=rules)
        taken = self.s3.get_bucket_lifecycle_configuration(Bucket=self.bucket)["Rules"]
        self.assertEqual({rule["ID"]: (rule["Filter"], rule["Expiration"]) for rule in taken},
                         {rule["ID"]: (rule["Filter"], rule["Expiration"]) for rule in rules["Rules"]})

    def test_the_same_report_is_one_object(self):
        self.put(1)
        self.assert_delivered()
        before = self.objects()
        time.sleep(1.1)  # the server tells times in seconds
        self.put(1)
        self.assert_delivered()
        self.assertEqual(self.objects(), before)

    # what is refused

    def test_a_wrong_secret_is_explained(self):
        self.put(1)
        self.set_keys(secret="wrong")
        self.assert_refused("403 SignatureDoesNotMatch", "secret access key")
        self.set_keys()
        self.assert_delivered()

    def test_an_unknown_key_is_explained(self):
        self.put(1)
        self.set_keys(key="AKIDNOBODY00000000")
        self.assert_refused("403 InvalidAccessKeyId", "does not know the access key")

    def test_a_missing_permission_is_explained(self):
        self.put(1)
        self.set_keys(radosgw.OTHER_KEY, radosgw.OTHER_SECRET)
        self.assert_refused("403 AccessDenied",
                            f"allow s3:PutObject on arn:aws:s3:::{self.bucket}/efa/*")

    def test_a_missing_bucket_is_explained(self):
        self.use(bucket="efa-nowhere")
        self.put(1)
        self.assert_refused("404 NoSuchBucket", "bucket 'efa-nowhere' does not exist")

    def test_a_full_bucket_is_explained(self):
        gateway.admin("quota", "set", "--quota-scope=bucket", "--uid=efa", "--max-objects=0")
        gateway.admin("quota", "enable", "--quota-scope=bucket", "--uid=efa")
        self.addCleanup(gateway.admin, "quota", "disable", "--quota-scope=bucket", "--uid=efa")
        self.put(1)
        self.assert_refused("403 QuotaExceeded", "no room left")

    def test_a_suspended_user_is_explained(self):
        gateway.admin("user", "suspend", "--uid=other")
        self.addCleanup(gateway.admin, "user", "enable", "--uid=other")
        self.put(1)
        self.set_keys(radosgw.OTHER_KEY, radosgw.OTHER_SECRET)
        self.assert_refused("403 UserSuspended", "suspended")

    def test_a_refused_option_is_named(self):
        self.put(1)
        self.use(sse="aws:kms", kms_key_id="no-such-key")
        run = self.deliver("--limit", 1)
        self.assertEqual(run.returncode, 1)
        self.assertIn("s3.kms_key_id", self.delivery()["last_error"]["words"])

    def test_a_wrong_secret_beside_a_token_service_is_explained(self):
        gateway.stop_gateway()
        gateway.start_gateway(sts=True)
        try:
            self.put(1)
            self.set_keys(secret="wrong")
            self.deliver("--limit", 1)
            self.assertIn("secret access key", self.delivery()["last_error"]["words"])
        finally:
            gateway.stop_gateway()
            gateway.start_gateway()

    def test_a_clock_that_is_an_hour_off_is_corrected(self):
        self.put(1)
        self.deliver()  # learns the destination
        state = self.delivery()
        state["clock_offset_ms"] = 3_600_000
        (self.state / "delivery.json").write_text(json.dumps(state))
        self.put(2)
        self.assert_delivered()
        self.assertLess(abs(self.delivery()["clock_offset_ms"]), 60_000)

    # what passes

    def test_nothing_is_lost_while_the_server_is_down(self):
        gateway.stop_gateway()
        try:
            self.use(once_limit_ms=200)
            for _ in range(3):
                self.assertEqual(self.once(env=self.environment).returncode, 0)
            for number in range(1, REPORTS):
                self.put(number, change=number % 5 == 0)
            waiting = len(self.waiting())
            delivery = self.start_delivery("--limit", 100)
            refused = any("Couldn't connect" in line for line in delivery.stderr)
        finally:
            gateway.start_gateway()
        out, err = delivery.communicate(timeout=120)
        self.assertTrue(refused, "no try failed")
        self.assertEqual(delivery.returncode, 0, out + err)
        self.assertEqual(len([key for key in self.objects() if "/latest/" not in key]), waiting)
        self.assertEqual(waiting, REPORTS + 2)

    def begin_a_request(self):
        """A request that the server serves until it gets a byte that is still to come."""
        url = urllib.parse.urlsplit(self.s3.generate_presigned_url(
            "put_object", {"Bucket": self.bucket, "Key": "load"}))
        connection = socket.create_connection((url.hostname, url.port), timeout=30)
        connection.sendall(f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n"
                           "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n".encode())
        self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 100 "))
        return connection

    def test_503_under_load_is_waited_out(self):
        gateway.stop_gateway()
        gateway.start_gateway("rgw max concurrent requests = 1\nrgw scheduler type = throttler")
        try:
            for number in range(REPORTS):
                self.put(number)
            with self.begin_a_request() as load:
                delivery = self.start_delivery("--limit", 30)
                refused = any("503 SlowDown" in line for line in delivery.stderr)
                load.sendall(b"x")
                out, err = delivery.communicate(timeout=60)
        finally:
            gateway.stop_gateway()
            gateway.start_gateway()
        self.assertTrue(refused, "no request was refused")
        self.assertEqual(delivery.returncode, 0, out + err)
        self.assertEqual(self.waiting(), [])
        self.assertEqual(len([key for key in self.objects() if "/date=" in key]), REPORTS)

    def test_session_tokens_and_their_renewal(self):
        gateway.stop_gateway()
        gateway.start_gateway(sts=True)
        try:
            self.deliver_with_renewed_session()
        finally:
            gateway.stop_gateway()
            gateway.start_gateway()

    def deliver_with_renewed_session(self):
        trust = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": ["sts:AssumeRole"],
            "Principal": {"AWS": ["arn:aws:iam:::user/efa"]}}]}
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}]}
        gateway.admin("role", "create", "--role-name=agent", "--path=/",
                      "--assume-role-policy-doc=" + json.dumps(trust))
        gateway.admin("role-policy", "put", "--role-name=agent", "--policy-name=p",
                      "--policy-doc=" + json.dumps(policy))
        session = client("sts").assume_role(RoleArn="arn:aws:iam:::role/agent",
                                            RoleSessionName="efa")["Credentials"]
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
        old = {"AccessKeyId": session["AccessKeyId"], "SecretAccessKey": session["SecretAccessKey"],
               "Token": session["SessionToken"][:-8] + "AAAAAAA=",
               "Expiration": soon.strftime("%Y-%m-%dT%H:%M:%SZ")}
        new = {**old, "Token": session["SessionToken"],
               "Expiration": session["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")}
        with Service(json.dumps(old), json.dumps(new)) as service:
            self.environment = aws_environment(AWS_CONTAINER_CREDENTIALS_FULL_URI=service.endpoint)
            self.put(1)
            self.assert_delivered()
        self.assertEqual(len(service.asked), 2, "the first session was refused and renewed")


if __name__ == "__main__":
    missing = radosgw.why_not()
    if missing:
        print("SKIPPED:", missing)
        sys.exit(77)
    with radosgw.Radosgw() as gateway:
        # botocore leaves sockets to the collector
        result = unittest.main(exit=False, warnings="ignore").result
    sys.exit(not result.wasSuccessful())
