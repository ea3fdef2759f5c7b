"""efa-doctor pair: the control connection, with ends that are wrong, slow or killed; what both say of
their places."""

import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import random
import signal
import socket
import time
import unittest

import metadata_server as imds
from efa_doctor import USAGE, write
from metadata_server import MetadataServer
from pair_case import TOKEN, PairCase

SAID_WITHIN_S = 5
KILLS = int(os.environ.get("PAIR_KILLS", "6"))


class Lines:
    """The control connection as a client has it that is no client of ours."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def say(self, value):
        self.raw(json.dumps(value).encode() + b"\n")

    def raw(self, data):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def hear(self):
        line = self.file.readline()
        return json.loads(line) if line else None

    def claim(self, token=TOKEN, protocol=1):
        greeting = self.hear()
        nonce = "0" * 32
        text = f"efa-doctor pair 1 client {greeting['nonce']} {nonce}"
        proof = hmac.new(token.encode(), text.encode(), hashlib.sha256).hexdigest()
        self.say({"protocol": protocol, "nonce": nonce, "proof": proof})
        return self.hear()

    def join(self):
        """As far as to be served."""
        welcome = self.claim()
        self.say({"hello": {}})
        return welcome


class PlaceTest(PairCase):
    """What the metadata of both says, before a byte is sent."""

    def ask_between(self, own, other, faults=None):
        with MetadataServer(paths=own) as here, MetadataServer(paths=other) as there:
            self.configs = [self.config_of(node, **{"metadata.endpoint": service.endpoint,
                                                    "metadata.budget_ms": 3000})
                            for node, service in enumerate((here, there))]
            server = self.server()
            report = self.ask(faults=faults)
            self.stop(server)
            return report

    def test_zone_vpc_and_type(self):
        here = imds.instance(imds.TWO_INTERFACES)
        report = self.ask_between(here, {**here, "placement/availability-zone-id": "use1-az6"})
        finding = self.assert_cause(report, "pair.zone-differs")
        self.assertEqual(finding["message"], "this node is in use1-az4, the other in use1-az6")
        self.assertEqual(report["pairs"], [])
        other = {path: text.replace("vpc-0c", "vpc-0e") for path, text in here.items()}
        self.assert_cause(self.ask_between(here, other), "pair.vpc-differs")
        self.assert_cause(self.ask_between(here, {**here, "instance-type": "p4d.24xlarge"}),
                          "pair.types-incompatible")
        report = self.ask_between(here, here)
        self.assertEqual(report["verdict"], "healthy")
        self.assertEqual({finding["result"] for finding in report["findings"]}, {"pass"})
        self.assertEqual(report["other"]["zone_id"], "use1-az4")

    def test_no_group_in_common(self):
        here = imds.instance(imds.TWO_INTERFACES)
        other = {path: text.replace("sg-0", "sg-1") for path, text in here.items()}
        self.assertEqual(self.ask_between(here, other)["verdict"], "healthy",
                         "the groups may have rules for each other")
        report = self.ask_between(here, other, faults={"status": 15})
        self.assertIn("sg-1aaaaaaaaaaaaaaa1", self.assert_cause(report, "pair.no-common-group")["message"])


class ConnectionTest(PairCase):
    def assert_unknown(self, report, code):
        self.assert_cause(report, code, "unknown")
        self.assertNotIn("other", report)

    def test_no_server(self):
        self.assert_unknown(self.ask(), "pair.no-control-refused")

    def test_no_such_name(self):
        client = self.start(0, "client", "no.such.name.invalid", "--token-file", self.token, "--format", "json")
        self.assert_unknown(self.end_of(client), "pair.no-control-name")

    def test_wrong_token(self):
        self.server()
        wrong = write(self.directory / "wrong", "another-token-0123456789\n")
        report = self.ask(token=wrong)
        self.assert_unknown(report, "pair.refused")
        self.assertIn("another token", report["findings"][0]["message"])
        self.assert_serves()

    def test_another_protocol(self):
        self.server()
        with Lines(self.port) as lines:
            self.assertEqual(lines.claim(protocol=2)["refused"], "protocol")
        self.assert_serves()

    def test_a_server_that_is_none_of_ours(self):
        for said, code in ((b"SSH-2.0-OpenSSH_9.2\r\n", "pair.version-mismatch"),
                           (b'{"program":"efa-doctor pair","protocol":9,"nonce":"' + b"0" * 32 + b'"}\n',
                            "pair.version-mismatch"),
                           (b"", "pair.peer-gone")):
            with socket.create_server(("127.0.0.1", self.port)) as listener:
                client = self.start_client()
                one, _ = listener.accept()
                with one:
                    one.sendall(said)
                    if not said:
                        one.shutdown(socket.SHUT_WR)
                    self.assert_unknown(self.end_of(client), code)

    def test_lines_that_are_refused(self):
        self.server()
        for line, word in ((b"x" * (64 * 1024 + 1) + b"\n", "too-long"),
                           (b"x" * (64 * 1024 + 1), "too-long"), (b"GET / HTTP/1.1\r\n", "not-understood"),
                           (b"\xff\x00\n", "not-understood"), (b"[" * 3000 + b"\n", "not-understood"),
                           (b'{"protocol":"1"}\n', "not-understood"), (b"{}\n", "protocol"),
                           (b'{"protocol":1}\n', "token")):
            with Lines(self.port) as lines:
                lines.hear()
                lines.raw(line)
                self.assertEqual(lines.hear()["refused"], word, line[:20])
                self.assertIsNone(lines.hear())
        self.assert_serves()

    def test_orders_that_are_refused(self):
        self.server()
        for order in ({"step": "rm"}, {"step": "setup", "bytes": 1 << 40}, {"step": 5}, ["setup"],
                      {"step": "reach", "address": {"gid": "zz"}}):
            with Lines(self.port) as lines:
                lines.join()
                lines.say(order)
                self.assertEqual(self.next_of(lines)["refused"], "not-understood", order)
        with Lines(self.port) as lines:
            lines.join()
            lines.say({"step": "ping", "bytes": 64, "ms": 10})
            self.assertIn("nothing is set up", self.next_of(lines)["failed"]["reason"])
            lines.say({"step": "setup", "rail": 99})
            self.assertIn("no such device", self.next_of(lines)["failed"]["reason"])
            lines.say({"step": "setup", "rail": 0, "bytes": 16384})
            self.assertEqual(self.next_of(lines)["step"], "setup")
            for order, why in (({"step": "receive", "bytes": 16385}, "fewer bytes"),
                               ({"step": "digest", "bytes": 1 << 23}, "fewer bytes"),
                               ({"step": "send", "bytes": 64}, "no peer"), ({"step": "write", "bytes": 64}, "no peer")):
                lines.say(order)
                self.assertIn(why, self.next_of(lines)["failed"]["reason"], order)
        time.sleep(0.2)
        self.assert_serves()

    @staticmethod
    def next_of(lines):
        while (line := lines.hear()) and "alive" in line:
            pass
        return line

    def test_slow_ones_are_left_and_cost_no_other(self):
        self.server()
        with contextlib.ExitStack() as stack:
            slow = [stack.enter_context(Lines(self.port)) for _ in range(3)]
            begin = time.monotonic()
            for lines in slow:
                lines.hear()
                lines.raw(b'{"protocol":1')
            self.assert_serves()
            refused = slow[0].hear()
            self.assertEqual(refused["refused"], "too-slow")
            self.assertLess(time.monotonic() - begin, 14)

    def test_a_second_client_is_told(self):
        self.server()
        with Lines(self.port) as first:
            first.join()
            report = self.ask()
            self.assert_unknown(report, "pair.refused")
            self.assertIn("another client", report["findings"][0]["message"])
        time.sleep(0.2)
        self.assert_serves()

    def test_usage(self):
        for arguments in (("client",), ("server", "host"), ("client", "h", "--once"),
                          ("client", "h", "--sizes", "9M"), ("other",), ("client", "h", "--engine", "libfabric")):
            run = self.efa_doctor("pair", *arguments, env=self.node_environment(0, {}))
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""), arguments)
        short = write(self.directory / "short", "abc\n")
        run = self.efa_doctor("pair", "server", "--token-file", short, env=self.node_environment(0, {}))
        self.assert_refused(run, short)


class KilledTest(PairCase):
    """Of either end at any moment: the other says so in time, and nobody holds a device."""

    def processes(self):
        """Of this test's own executable."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                if entry.name.isdigit() and str(self.directory).encode() in command:
                    found.append(int(entry.name))
        return found

    def assert_left(self, count):
        end = time.monotonic() + SAID_WITHIN_S
        while len(self.processes()) > count and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(len(self.processes()), count)

    def test_the_client(self):
        self.server()
        chance = random.Random(1)
        for _ in range(KILLS):
            client = self.start_client(seconds=2)
            time.sleep(chance.uniform(0.05, 3))
            client.send_signal(signal.SIGKILL)
            self.stop(client)
            self.assert_left(1)
        self.assertIn("closed by the other end", self.server_said())
        self.assert_serves()

    def test_the_server(self):
        chance = random.Random(2)
        for _ in range(KILLS):
            server = self.server()
            client = self.start_client(seconds=3)
            time.sleep(chance.uniform(0.6, 3))
            server.send_signal(signal.SIGKILL)
            begin = time.monotonic()
            report = self.end_of(client)
            self.assertLess(time.monotonic() - begin, SAID_WITHIN_S)
            self.assertIn(report["root_causes"][0], ("pair.peer-gone", "pair.no-control-refused"))
            self.assertIn(report["verdict"], ("unknown", "degraded"))
            self.stop(server)
            self.assert_left(0)

    def test_one_that_is_stopped_is_gone(self):
        self.server("--once")
        with Lines(self.port) as lines:
            lines.join()
            begin = time.monotonic()
            while lines.hear():
                pass
            self.assertLess(time.monotonic() - begin, SAID_WITHIN_S)
        self.assertIn("has said nothing for 4 s", self.server_said())


if __name__ == "__main__":
    unittest.main()
