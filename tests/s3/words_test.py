"""What delivery to S3 says and to whom: no password in any word, no host that nobody chose."""

import json
import subprocess
import unittest

import http_service
import metadata_server
from credentials_test import keys
from efa_doctor import USAGE, write
from metadata_server import MetadataServer
from s3_case import KEYS, S3Case, aws_environment
from s3_server import S3Server, refuse


class _ProxyHandler(http_service.Handler):
    def do_CONNECT(self):
        self.service.asked.append(self.path)
        self.answer(self.service.status)
        self.close_connection = True


class Proxy(http_service.Service):
    """Connects nobody; `asked` are the hosts that it was asked for."""

    def __init__(self, status=407):
        super().__init__(_ProxyHandler)
        self.status = status


def certificate_for(directory, name):
    files = directory / "certificate.pem", directory / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test",
                    "-addext", "subjectAltName=" + name, "-out", files[0], "-keyout", files[1]],
                   check=True, stderr=subprocess.DEVNULL)
    return files


class PasswordTest(S3Case):
    WRONG = ["http://user:hush/hush@127.0.0.1:9", "http://user:hush hush@127.0.0.1:9",
             "http://user:hush#hush@127.0.0.1:9", "http://user:hush?hush@127.0.0.1:9",
             "http://user:hush@127.0.0.1:hush", "http://user:hush@127.0.0.1:99999",
             "htp://user:hush@127.0.0.1:9", "user:hush/@127.0.0.1:9", "http:/user:hush@127.0.0.1",
             "http://user:hush@hush@127.0.0.1:9", "http://user:hush@", "ftp://hush@127.0.0.1",
             "http://user:hush%zz@127.0.0.1:9", "http://127.0.0.1:9/hush", "htp://x y"]
    RIGHT = ["http://user:hush@127.0.0.1:9", "http://user:hush%2Fhush%40@127.0.0.1:9",
             "user:hush@127.0.0.1:9", "socks5h://user:hush@127.0.0.1:9", "https://127.0.0.1",
             "http://[::1]:9/"]

    def texts(self, *runs):
        texts = [text for run in runs for text in (run.stdout, run.stderr)]
        for path in self.directory.rglob("*"):
            if path.is_file() and path != self.config:
                texts.append(path.read_text(errors="replace"))
        return texts

    def assert_hushed(self, *runs):
        for text in self.texts(*runs):
            self.assertNotIn("hush", text)

    def test_a_wrong_proxy_is_refused_and_not_repeated(self):
        for proxy in self.WRONG:
            with self.subTest(proxy):
                self.use("http://127.0.0.1:1", proxy=proxy)
                run = self.efa_doctor("config-check")
                self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
                self.assertIn("s3.proxy: ", run.stderr)
                self.assert_hushed(run, self.deliver("--limit", 1), self.efa_doctor("status"))

    def test_a_right_proxy_that_is_not_there_is_named_without_its_password(self):
        for proxy in self.RIGHT:
            with self.subTest(proxy):
                self.put(1)
                self.use("https://store.invalid", proxy=proxy)
                run = self.efa_doctor("config-check")
                self.assertEqual((run.returncode, run.stderr), (0, ""))
                delivery = self.deliver("--limit", 1)
                self.assertEqual(delivery.returncode, 1)
                self.assertIn("proxy", self.delivery()["last_error"]["words"])
                self.assert_hushed(run, delivery, self.efa_doctor("status"))

    def test_a_proxy_of_the_environment_is_not_repeated(self):
        self.use("https://store.invalid")
        for variable in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            for proxy in self.WRONG + self.RIGHT:
                with self.subTest(f"{variable}={proxy}"):
                    self.put(1)
                    self.environment = aws_environment(**KEYS, **{variable: proxy})
                    delivery = self.deliver("--limit", 1)
                    self.assertEqual(delivery.returncode, 1)
                    self.assertIn("proxy", self.delivery()["last_error"]["words"])
                    self.assert_hushed(delivery, self.efa_doctor("status", env=self.environment))

    def test_a_proxy_that_wants_a_password_is_explained(self):
        for status, words in ((407, "the proxy wants a user and a password"),
                              (403, "the proxy does not let us connect"),
                              (502, "the proxy could not connect")):
            self.put(1)
            with Proxy(status) as proxy:
                self.use("https://store.invalid", proxy=proxy.endpoint)
                self.assertEqual(self.deliver("--limit", 1).returncode, 1)
                self.assertEqual(proxy.asked[0], "store.invalid:443")
            self.assert_said(str(status), words)

    def test_an_endpoint_holds_no_password(self):
        for setting in ("s3.endpoint", "metadata.endpoint"):
            for endpoint in ("https://user:hush@h", "https://hush@h:1", "https://h/hush", "htp://x y",
                             "https://h:hush", "https://h:0", "h", "https://h\u202e", "https://@h",
                             "https://[::1", "https://a..b", "https://h?hush"):
                with self.subTest(f"{setting} = {endpoint}"):
                    self.configure(**{"s3.uri": "s3://pics/efa", setting: endpoint})
                    run = self.efa_doctor("config-check")
                    self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
                    self.assertIn(setting + ": ", run.stderr)
                    self.assertNotIn("hush", run.stderr)
        self.configure(**{"s3.uri": "s3://user:hush@pics/efa"})
        self.assertNotIn("hush", self.efa_doctor("config-check").stderr)


class AuthoritiesTest(S3Case):
    def test_a_file_of_authorities_that_cannot_serve_is_no_right_configuration(self):
        for path, words in ((self.directory / "missing.pem", "No such file"),
                            (self.directory, "s3.ca_file"),
                            (write(self.directory / "text.pem", "hello\n"), "contains no PEM certificate")):
            self.use("https://127.0.0.1:1", ca_file=str(path))
            run = self.efa_doctor("config-check")
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
            self.assertIn("s3.ca_file: ", run.stderr)
            self.assertIn(words, run.stderr)
        run = self.once("--no-deliver", env=self.environment)
        self.assertIn(run.returncode, (0, 1, 2, 3), "a pass is made all the same")

    def test_at_delivery_it_is_named_and_waited_for_long(self):
        self.put(1)
        with S3Server(certificate=certificate_for(self.directory, "IP:127.0.0.1")) as bucket:
            self.use(bucket.endpoint, ca_file=str(self.directory / "missing.pem"))
            self.assertEqual(self.deliver("--limit", 60).returncode, 1)
        self.assert_said("no answer", "s3.ca_file")

    def test_a_certificate_of_another_name_advises_what_helps(self):
        files = certificate_for(self.directory, "DNS:localhost")
        self.put(1)
        with S3Server(certificate=files) as bucket:
            port = bucket.port
            self.use(f"https://localhost:{port}", ca_file=str(files[0]), addressing="virtual")
            self.assertEqual(self.deliver("--limit", 60).returncode, 1)
            self.assert_said("no answer", 's3.addressing = "path"')
            self.use(f"https://127.0.0.1:{port}", ca_file=str(files[0]))
            self.assertEqual(self.deliver("--limit", 60).returncode, 1)
            self.assert_said("no answer", "s3.endpoint")
            self.assertEqual(bucket.asked, [])
            self.use(f"https://localhost:{port}", ca_file=str(files[0]))
            self.assertEqual(self.deliver().returncode, 0)


class HostTest(S3Case):
    """Whatever names a region: it never becomes another host than one of AWS."""

    EVIL = ["evil.example/#", "evil.example:443/?", "x@evil.example", "a b", "-x", "x" * 64,
            "..", "evil.example\n", "\u202eevil"]

    def hosts(self, **variables):
        """Which hosts a delivery to AWS wants to reach."""
        self.put(1)
        with Proxy(502) as proxy:
            self.configure(**{"s3.uri": "s3://pics/efa", "s3.proxy": proxy.endpoint})
            self.environment = aws_environment(**{**KEYS, **variables})
            self.assertEqual(self.deliver("--limit", 1).returncode, 1)
            return set(proxy.asked)

    def test_of_the_environment(self):
        for variable in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            for evil in self.EVIL:
                self.assertEqual(self.hosts(**{variable: evil}),
                                 {"pics.s3.us-east-1.amazonaws.com:443"}, evil)
        self.assertEqual(self.hosts(AWS_REGION="eu-west-1"), {"pics.s3.eu-west-1.amazonaws.com:443"})

    def test_of_a_profile(self):
        for evil in self.EVIL:
            files = write(self.directory / "aws", f"[default]\nregion = {evil}\n")
            self.assertEqual(self.hosts(AWS_CONFIG_FILE=str(files)),
                             {"pics.s3.us-east-1.amazonaws.com:443"}, evil)

    def test_of_the_metadata(self):
        for evil in ("evil.example/", "x@evil.example", "a b"):
            paths = metadata_server.instance(metadata_server.TWO_INTERFACES)
            paths["placement/region"] = evil
            with MetadataServer(paths) as metadata:
                self.assertEqual(self.hosts(AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint),
                                 {"pics.s3.us-east-1.amazonaws.com:443"}, evil)

    def test_of_what_was_kept(self):
        for evil in self.EVIL:
            write(self.state / "delivery.json",
                  json.dumps({"destination": "s3://pics/efa", "bucket_region": evil}))
            self.assertEqual(self.hosts(), {"pics.s3.us-east-1.amazonaws.com:443"}, evil)

    def test_of_the_configuration_it_is_refused(self):
        for evil in self.EVIL:
            self.configure(**{"s3.uri": "s3://pics/efa", "s3.region": evil})
            run = self.efa_doctor("config-check")
            self.assertEqual(run.returncode, USAGE, evil)
            self.assertIn("s3.region", run.stderr)

    def test_the_token_service_is_reached_in_regions_only(self):
        token = write(self.directory / "jwt", "jwt\n")
        web = {"AWS_ROLE_ARN": "arn:aws:iam::1:role/r", "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
               "AWS_ACCESS_KEY_ID": ""}
        self.assertEqual(self.hosts(**web, AWS_REGION="evil.example/#"), {"sts.amazonaws.com:443"})
        self.assertEqual(self.hosts(**web, AWS_ENDPOINT_URL_STS="https://u:hush@evil.example"), set())
        self.assert_said("no credentials", "AWS_ENDPOINT_URL_STS")
        self.assertNotIn("hush", (self.state / "delivery.json").read_text())


class ContainerTest(S3Case):
    def test_credentials_are_asked_of_this_machine_alone(self):
        with http_service.Service(http_service.Handler) as evil, S3Server() as bucket:
            self.use(bucket.endpoint)
            for uri in (f"@127.0.0.1:{evil.port}/", ".evil.example/", ":80@127.0.0.1/", "x"):
                self.put(1)
                self.environment = aws_environment(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=uri)
                self.deliver("--limit", 1)
                self.assert_said("no credentials", "RELATIVE_URI does not begin with '/'")
            for uri in ("http://192.0.2.1/", "http://169.254.170.2.evil.example/", "ftp://127.0.0.1/",
                        "http://127.0.0.1@192.0.2.1/", "http://[fd00:ec2::24]/", "//127.0.0.1/",
                        "https://u:p@h/", "http://localhost.evil.example/"):
                self.environment = aws_environment(AWS_CONTAINER_CREDENTIALS_FULL_URI=uri)
                self.deliver("--limit", 1)
                self.assert_said("no credentials", "neither https nor a service of this host")
            self.assertEqual((evil.connections, bucket.asked), (0, []))

    def test_what_is_no_key_becomes_no_header(self):
        self.put(1)
        with S3Server() as bucket:
            self.use(bucket.endpoint)
            for name, value in (("AWS_ACCESS_KEY_ID", "AKID\r\nx-evil: 1"),
                                ("AWS_ACCESS_KEY_ID", "AKID/20261123/x"),
                                ("AWS_SESSION_TOKEN", "t\r\nx-evil: 1"),
                                ("AWS_SESSION_TOKEN", "x" * 40_000)):
                self.environment = aws_environment(**{**KEYS, name: value})
                self.assertEqual(self.deliver("--limit", 1).returncode, 1)
                self.assert_said("no credentials", "invalid characters")
            self.assertEqual(bucket.asked, [])

    def test_a_role_of_the_metadata_is_no_way_to_other_paths(self):
        self.put(1)
        paths = metadata_server.instance(metadata_server.TWO_INTERFACES)
        paths["iam/security-credentials/"] = "../../dynamic/evil"
        paths["iam/security-credentials/../../dynamic/evil"] = keys("ASIAEVIL")
        with MetadataServer(paths) as metadata, S3Server() as bucket:
            self.use(bucket.endpoint)
            self.environment = aws_environment(
                AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint)
            self.deliver("--limit", 1)
            self.assertEqual(bucket.asked, [])
        self.assert_said("no credentials", "the metadata names none")


class PauseTest(S3Case):
    """No answer of a server is met without a pause, however many reports wait."""

    REPORTS = 300
    # the puts of the first run and of each one after it
    REFUSALS = {"quota": (refuse(400, "EntityTooLarge", message="The bucket's quota is used up"), 1, 1),
                "ceph": (refuse(403, "QuotaExceeded"), 1, 1),
                "too large": (refuse(413, "EntityTooLarge"), 2, 1),
                "denied": (refuse(403, "AccessDenied"), 1, 1),
                "lacking": (refuse(501, "NotImplemented"), 2, 2),
                "portal": (http_service.say(200, b"<html>log in</html>"), 1, 1)}

    def test_a_refusal_takes_one_request_a_run(self):
        for name, (fault, first, later) in self.REFUSALS.items():
            with self.subTest(name), S3Server(always=fault) as bucket:
                for number in range(self.REPORTS):
                    self.put(number)
                self.use(bucket.endpoint)
                self.assertEqual(self.deliver("--limit", 25).returncode, 1)
                self.assertEqual(len(bucket.asked), first)
                for _ in range(2):
                    self.deliver("--limit", 25)
                self.assertEqual(len(bucket.asked), first + 2 * later)
                self.deliver("--limit", 25, "--patient")
                self.once(env=self.environment)
                self.assertEqual(len(bucket.asked), first + 2 * later, "the pause holds")
            (self.state / "delivery.json").unlink()

    def test_a_damaged_spool_takes_one_line(self):
        for number in range(50):
            write(self.spool / f"2026-11-23T22:00:00Z-9f86d081-{number}.json", "{")
        path = self.put(1)
        with S3Server() as bucket:
            self.use(bucket.endpoint)
            run = self.deliver()
            self.assertEqual(run.returncode, 0)
            self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
            self.assertIn("50 files in the spool cannot be read as reports", run.stderr)
            self.assertIn(path, bucket.objects)
            self.assertEqual(self.deliver().stderr, "")
        self.assertIn("50 damaged", self.efa_doctor("status").stdout)

    def test_a_hostile_message_steers_no_terminal(self):
        self.put(1)
        fault = refuse(403, "AccessDenied", message="\u009b2J\u202e&#10;<0>x" + "y" * 5000)
        with S3Server(always=fault) as bucket:
            self.use(bucket.endpoint)
            run = self.deliver("--limit", 1)
        status = self.efa_doctor("status").stdout
        for text in (run.stdout, run.stderr, status, (self.state / "delivery.json").read_text()):
            self.assertNotRegex(text, "[\u0080-\u009f\u202a-\u202e\x1b]|\n<0>")
        self.assertLess(len(status), 2500)


if __name__ == "__main__":
    unittest.main()
