"""The report in its three forms, for programs and for people."""

import copy
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import termios
import unittest
import xml.etree.ElementTree

from efa_doctor import (Case, ENOUGH_S, INTERNAL, environment, machine_without_driver,
                        machine_without_efa, schema, write)
from fake_probes import DONE, saying

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ERASED = "\r\x1b[K"  # what stood in the line before


def machines(case):
    """Name and arguments of one machine of each kind."""
    empty = case.directory / "empty"
    empty.mkdir()
    yield "this machine", []
    yield "nothing at all", ["--sysroot", empty]
    yield "no EFA", ["--sysroot", machine_without_efa(case.directory / "without"), "--expect", 2]
    yield "no driver", ["--sysroot", machine_without_driver(case.directory / "driverless")]
    yield "32 devices", ["--sysroot", case.synthetic_node("p5.48xlarge")]


class Schema(Case):
    def test_the_report_of_every_kind_of_machine_is_valid(self):
        for name, arguments in machines(self):
            with self.subTest(name):
                self.assert_valid(self.report(*arguments))

    def test_the_health_of_every_kind_of_machine_is_valid(self):
        for name, arguments in machines(self):
            with self.subTest(name):
                health = json.loads(self.once("--format", "health", *arguments).stdout)
                self.assert_valid(health, "health")

    def test_what_would_mislead_a_reader_is_refused(self):
        good = self.report("--sysroot", machine_without_driver(self.directory / "machine"))
        finding = next(i for i, f in enumerate(good["findings"]) if f["result"] == "fail")
        bad = {
            "schema": ("schema", "efa-doctor.report.v2"),
            "verdict": ("verdict", "fine"),
            "no reason for the verdict": ("root_causes", []),
            "root cause": ("root_causes", ["not a code"]),
            "summary": ("summary", ""),
            "time": ("run", "started_at", "2026-11-23 22:00:00"),
            "local time": ("run", "valid_until", "2026-11-23T22:00:00+01:00"),
            "month": ("run", "started_at", "2026-13-23T22:00:00Z"),
            "duration": ("run", "duration_ms", -1),
            "sequence": ("run", "sequence", "1"),
            "boot id": ("node", "boot_id", ""),
            "stage": ("funnel", 0, "stage", "cable"),
            "lost": ("funnel", 0, "lost", ["rdmap0s6"]),
            "count": ("funnel", 0, "count", "many"),
            "result": ("findings", finding, "result", "ok"),
            "severity": ("findings", finding, "severity", "fatal"),
            "code": ("findings", finding, "code", "Driver.NotBound"),
            "actor": ("findings", finding, "remedy", "actor", "somebody"),
            "remedy": ("findings", finding, "remedy", None),
            "address": ("devices", 0, "pci_address", "00:06.0"),
            "status": ("probes", 0, "status", "killed"),
            "facts": ("facts", "pci", []),
        }
        for name, (*path, last, value) in bad.items():
            report = copy.deepcopy(good)
            member = report
            for step in path:
                member = member[step]
            self.assertIn(last, member if isinstance(member, dict) else range(len(member)))
            member[last] = value
            self.assertFalse(schema("report").is_valid(report), name)

    def test_a_report_without_a_required_member_is_refused(self):
        good = self.report("--sysroot", machine_without_driver(self.directory / "machine"))
        finding = next(f for f in good["findings"] if f["result"] == "fail")
        groups = [good, good["run"], good["agent"], good["funnel"][0], good["probes"][0], finding,
                  finding["remedy"], good["devices"][0]]
        optional = {"command", "explained_by", "detail", "rdma", "counters", "verbs", "data",
                    "topology"}
        for group in groups:
            for member in set(group) - optional:
                kept = group.pop(member)
                self.assertFalse(schema("report").is_valid(good), member)
                group[member] = kept
        self.assert_valid(good)

    def test_members_of_a_later_version_are_allowed(self):
        report = self.report("--sysroot", machine_without_driver(self.directory / "machine"))
        for group in (report, report["run"], report["findings"][0], report["devices"][0]):
            group["later"] = {"more": 1}
        self.assert_valid(report)


class Json(Case):
    def test_equal_machines_give_equal_bytes(self):
        root = self.synthetic_node("p5.48xlarge")
        reports = [self.once("--sysroot", root, "--format", "json").stdout for _ in range(3)]
        times = re.compile(r'("(?:started_at|valid_until|duration_ms|max_rss_kib|cpu_ms)": )[^,\n]+')
        self.assertEqual(len({times.sub(r"\1-", report) for report in reports}), 1)

    def test_probes_stand_in_one_order_whichever_was_started_first(self):
        report = self.report("--sysroot", self.synthetic_node("p4d.24xlarge"))
        names = [probe["name"] for probe in report["probes"]]
        self.assertLess(names.index("rdma"), names.index("topology"))
        self.assertLess(names.index("topology"), names.index("net"))

    def test_findings_and_devices_are_sorted_and_causes_are_among_them(self):
        report = self.report("--sysroot", machine_without_driver(self.directory / "machine"))
        keys = [(finding["code"], finding["subject"]) for finding in report["findings"]]
        self.assertEqual(keys, sorted(keys))
        addresses = [device["pci_address"] for device in report["devices"]]
        self.assertEqual(addresses, sorted(addresses))
        failing = [f for f in report["findings"] if f["result"] == "fail"]
        roots = {finding["code"] for finding in failing if "explained_by" not in finding}
        self.assertLessEqual(set(report["root_causes"]), roots)
        self.assertLessEqual({f["explained_by"] for f in failing if "explained_by" in f}, roots)


class Prometheus(Case):
    def test_there_is_no_instance_label(self):
        for name, arguments in machines(self):
            with self.subTest(name):
                text = self.once("--format", "prometheus", *arguments).stdout
                self.assertIn('efa_doctor_verdict{verdict="', text)
                self.assertNotRegex(text, r"[{,]instance=")

    def test_exactly_one_verdict_is_1(self):
        root = machine_without_driver(self.directory / "machine")
        text = self.once("--sysroot", root, "--format", "prometheus").stdout
        self.assertEqual(re.findall(r'efa_doctor_verdict\{verdict="(\w+)"\} 1\n', text),
                         ["unhealthy"])

    @unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
    def test_promtool_accepts_it(self):
        for name, arguments in machines(self):
            with self.subTest(name):
                text = self.once("--format", "prometheus", *arguments).stdout
                check = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                       capture_output=True, timeout=ENOUGH_S)
                self.assertEqual((check.returncode, check.stdout + check.stderr), (0, ""))


class TextIntoAPipe(Case):
    def test_it_is_plain_and_says_the_verdict_first(self):
        for name, arguments in machines(self):
            with self.subTest(name):
                run = self.once(*arguments)
                self.assertRegex(run.stdout, r"^(HEALTHY|DEGRADED|UNHEALTHY|UNKNOWN|"
                                             r"NOT APPLICABLE)  \S")
                self.assertNotIn("\x1b", run.stdout)
                self.assertLessEqual(len(run.stdout), 2300)
                self.assertEqual(run.stderr, "")

    def test_a_node_whose_32_devices_all_fail_fits_too(self):
        root = self.synthetic_node("p5.48xlarge")
        for link in (root / "sys/bus/pci/devices").iterdir():
            (link / "driver").unlink(missing_ok=True)
        run = self.once("--sysroot", root)
        self.assertRegex(run.stdout, "^UNHEALTHY  ")
        self.assertRegex(run.stdout, r"and (24|29|31) more")
        self.assertLessEqual(len(run.stdout), 2300)


class Topology(Case):
    def drawn(self, *arguments):
        run = self.efa_doctor("topology", *arguments)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout

    def test_a_p5_is_drawn_with_all_its_devices_and_no_script(self):
        root = self.synthetic_node("p5.48xlarge")
        svg = xml.etree.ElementTree.fromstring(self.drawn("--sysroot", root, "--format", "svg"))
        space = "{http://www.w3.org/2000/svg}"
        self.assertEqual(svg.tag, space + "svg")
        self.assertEqual({element.tag.removeprefix(space) for element in svg.iter()},
                         {"svg", "style", "g", "title", "rect", "text"})
        kinds = [element.get("class", "").split()[0] for element in svg.iter(space + "rect")]
        self.assertEqual((kinds.count("EFA"), kinds.count("GPU"), kinds.count("s")), (32, 8, 8))
        text = self.drawn("--sysroot", root)
        self.assertEqual((text.count("EFA 0000:"), text.count("GPU 0000:")), (32, 8))
        self.assertTrue(all(len(line) <= 80 for line in text.splitlines()))

    def test_a_recording_is_drawn_as_the_machine_was(self):
        root = self.synthetic_node("p5.48xlarge")
        recording = self.directory / "node.tar.zst"
        self.assertEqual(self.efa_doctor("--sysroot", root, "record", recording).returncode, 0)
        self.assertEqual(self.drawn("--replay", recording), self.drawn("--sysroot", root))

    def test_one_that_could_not_be_written_is_printed_and_no_success(self):
        root = self.synthetic_node("p5.48xlarge")
        path = self.directory / "no/such.svg"
        run = self.efa_doctor("topology", "--sysroot", root, "--format", "svg", "--output", path)
        self.assertEqual(run.returncode, INTERNAL)
        self.assertIn(f"efa-doctor: error: {path}", run.stderr)
        self.assertIn("<svg", run.stdout)

    def test_this_machine_is_drawn_and_nothing_is_kept(self):
        self.assertRegex(self.drawn(), r"\d+ EFA devices?")
        self.assertFalse(self.state.exists())


class TextOnATerminal(Case):
    def setUp(self):
        super().setUp()
        self.told = self.directory / "told"  # made once progress was seen

    def on_terminal(self, columns, kernel="6.1.0", **variables):
        """What a terminal of that width is sent, without the carriage returns it adds."""
        root = machine_without_driver(self.directory / f"machine-{columns}")
        write(root / "proc/sys/kernel/osrelease", kernel + "\n")
        return self.sent_to_terminal(root, columns, env=environment(**variables))

    def sent_to_terminal(self, root, columns=80, *arguments, **streams):
        """With standard output on the terminal, unless it is said where else."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        streams = {name: theirs if to == "terminal" else to for name, to in
                   {"stdout": "terminal", "stderr": subprocess.DEVNULL, **streams}.items()}
        run = subprocess.Popen([self.binary, "--config", self.config, "--once",
                                *(("--sysroot", root) if root else ()), *arguments],
                               stdin=theirs, **streams)
        os.close(theirs)
        sent = b""
        try:
            while data := os.read(ours, 65536):
                sent += data
                if b"waiting for:" in sent:
                    self.told.touch()
        except OSError:  # EIO: the other side is closed
            pass
        os.close(ours)
        self.assertEqual(run.wait(ENOUGH_S), 2)
        return sent.decode().replace("\r\n", "\n")

    def test_it_is_coloured(self):
        self.assertTrue(self.on_terminal(80).startswith("\x1b[1;31mUNHEALTHY\x1b[0m  "))

    def test_what_a_machine_says_of_itself_steers_no_terminal(self):
        text = self.on_terminal(80, kernel="6.1.0\x1b[8m\x1b]0;owned\x07\x9b2J")
        self.assertIn("kernel 6.1.0?[8m", text)
        self.assertEqual(COLOUR.sub("", text).replace("\n", "").isprintable(), True)
        self.assertNotIn("\x1b[8m", text)

    def test_a_dumb_terminal_is_sent_no_escape_sequence(self):
        self.assertNotIn("\x1b", self.on_terminal(80, TERM="dumb"))
        root = machine_without_driver(self.directory / "machine")
        self.assertNotIn("\x1b", self.sent_to_terminal(root, stderr="terminal",
                                                       env=environment(TERM="dumb")))

    def test_it_is_told_whole_and_a_file_or_a_pipe_what_fits(self):
        findings = [{"code": f"site.fault-{n}", "result": "fail", "message": "broken",
                     "severity": "critical", "remedy": "Look at it. " * 20 + f"End of {n}."} for n in range(20)]
        write(self.site_probes / "faults",
              saying(*(json.dumps({"finding": finding}) for finding in findings), DONE), 0o755)
        plain = {"env": environment(NO_COLOR="1")}
        text = self.sent_to_terminal(None, **plain)  # a site's probes look at the machine itself
        self.assertEqual(sorted(map(int, re.findall(r"End of (\d+)\.", " ".join(text.split())))),
                         list(range(20)))
        file = self.directory / "report.txt"
        self.assertEqual(self.sent_to_terminal(None, 80, "--output", file, **plain), "")
        for cut in (file.read_text(), self.once().stdout):
            self.assertLessEqual(len(cut), 2300)
            self.assertEqual(cut.splitlines()[0], text.splitlines()[0])

    def test_no_color_is_respected(self):
        self.assertNotIn("\x1b", self.on_terminal(80, NO_COLOR="1"))

    def test_lines_fit_its_width_but_for_commands(self):
        for columns in (60, 100):
            lines = COLOUR.sub("", self.on_terminal(columns)).splitlines()
            prose = [line for line in lines if not line.lstrip().startswith("$ ")]
            self.assertGreater(len(prose), 8)
            self.assertEqual([line for line in prose if len(line) > columns], [])

    def test_progress_goes_to_the_terminal_only(self):
        root = machine_without_driver(self.directory / "machine")
        write(self.site_probes / "slow",
              f"#!/bin/sh\nwhile [ ! -e {self.told} ]; do sleep 0.05; done\necho '{DONE}'\n", 0o755)
        text = self.sent_to_terminal(root, stderr="terminal")
        progress, report = text[:text.rindex(ERASED)], text[text.rindex(ERASED) + len(ERASED):]
        self.assertIn("UNHEALTHY", report, "progress is gone before the report is printed")
        told = progress.split(ERASED)[1:]
        self.assertTrue(told)
        for line in told:
            self.assertRegex(line, r"^waiting for: \w.*, \d s; \d+ of \d+$|^waiting for: .*\.\.\.$")
            self.assertLess(len(line), 80)
        for arguments, streams in (((), {"stdout": subprocess.DEVNULL, "stderr": "terminal"}),
                                   (("--format", "json"), {"stderr": "terminal"})):
            self.assertNotIn("waiting for:", self.sent_to_terminal(root, 80, *arguments, **streams))
        run = self.once("--sysroot", root)
        self.assertNotIn("waiting for:", run.stdout + run.stderr)


if __name__ == "__main__":
    unittest.main()
