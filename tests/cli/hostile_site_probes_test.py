"""A site's own probe may print or do what it likes: the pass holds its deadline and its memory, and
its files can be read."""

import json
import resource
import unittest

from efa_doctor import VERDICTS, write
from fake_probes import DONE, SHELL, FakeProbes

PEAK_KIB = 600 * 1024  # under AddressSanitizer; a fifth of it without
PYTHON = "#!/usr/bin/python3\nimport json, sys\n"


class HostileSiteProbes(FakeProbes):
    deadline_ms = 8000  # no one waits for it

    def site(self, name, script):
        write(self.site_probes / name, script, 0o755)

    def python(self, name, *lines):
        self.site(name, PYTHON + "".join(line + "\n" for line in lines))

    def delivered(self):
        """The report of a pass in time, within its memory, whose files can all be read."""
        report = self.timed_report()
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.assertLess(peak, PEAK_KIB)
        health = (self.run_directory / "health.json").read_text()
        self.assertLess(len(health), 256 * 1024)
        self.assert_valid(json.loads(health), "health")
        status = self.efa_doctor("status")
        self.assertEqual(status.stdout.split()[0], json.loads(health)["verdict"], status.stdout)
        self.assertEqual(status.returncode, VERDICTS[json.loads(health)["verdict"]])
        self.assertLess((self.state / "report.json").stat().st_size, 16 << 20)
        self.assertLess((self.state / "state.json").stat().st_size, 4 << 20)
        return report

    def test_what_is_costly_to_read_is_cut_off(self):
        self.python("members", "print(json.dumps({str(i): {} for i in range(60_000)}))")
        self.python("repeated", "print('{' + '\"a\":1,' * 150_000 + '\"a\":2}')")
        self.python("values", "print('{\"set\":\"a\",\"value\":[' + '[],' * 300_000 + '[]]}')")
        self.python("facts", "for i in range(100_000): print(f'{{\"set\":\"{i}\",\"value\":1}}')")
        self.python("added", "for i in range(90_000): print('{\"add\":\"a\",\"value\":[]}')")
        self.python("looks", "for i in range(90_000): print('{\"look\":{\"path\":\"a\"}}')")
        self.python("steps", "for i in range(90_000): print('{\"doing\":\"a\"}')")
        self.python("left", "for i in range(9_000): print('{\"left\":{\"pid\":1,\"start_time\":1}}')")
        self.python("large", "print('x' * (8 << 20))")
        report = self.delivered()
        for name in ("members", "values", "facts", "added", "looks", "steps", "left", "large"):
            self.assert_ended(report, f"site:{name}", "failed")

    def test_what_is_costly_to_hide_credentials_in_is_taken_in_time(self):
        for name, part in (("urls", "://"), ("words", ".a"), ("keys", "-----BEGIN ")):
            self.python(name, f"print(json.dumps({{'set': 'x', 'value': '{part}' * (500_000 // {len(part)})}}))",
                        f"print('{DONE}')")
        report = self.delivered()
        for name in ("urls", "words", "keys"):
            self.assertEqual(self.probe(report, f"site:{name}")["status"], "ok")

    def test_what_it_says_of_processes_and_files_is_not_taken(self):
        self.python("left", "print('{\"left\":{\"pid\":1,\"start_time\":1}}')", f"print('{DONE}')")
        self.assertEqual(self.probe(self.delivered(), "site:left")["status"], "ok")
        self.assertEqual(json.loads((self.state / "state.json").read_text())["left"], [])

    def test_many_probes_that_say_much_are_no_more_than_one(self):
        for i in range(40):
            self.python(f"flood{i}", "for i in range(3000): print('{\"add\":\"a\",\"value\":[1,2]}')",
                        f"print('{DONE}')")
        report = self.delivered()
        outcomes = [probe for probe in report["probes"] if probe["name"].startswith("site:")]
        self.assertEqual(len(outcomes), 40)
        self.assertIn("printed too much in all", "".join(probe.get("detail", "") for probe in outcomes))
        self.assertEqual(self.probe(report, "pci")["status"], "ok")

    def test_probes_beyond_the_64th_are_not_run_and_said(self):
        for i in range(70):
            self.site(f"p{i:02}", SHELL + f"echo '{DONE}'\n")
        report = self.delivered()
        self.assertEqual(self.probe(report, "site:p63")["status"], "ok")
        self.assert_ended(report, "site:p64", "failed", "6 of the site's probes were not run")

    def test_long_words_are_cut(self):
        self.python("words", "long = 'ä' * 5_000",
                    "print(json.dumps({'doing': long, 'subject': long}))",
                    "print(json.dumps({'set': 'note', 'value': long}))",
                    "print(json.dumps({'finding': dict(code='site.long', result='fail', subject=long,"
                    " message=long, title=long, remedy=long, command=long)}))",
                    f"print('{DONE}')")
        for _ in range(2):
            report = self.delivered()
            (finding,) = self.findings(report, "site.long")
            self.assertLessEqual(len(finding["subject"].encode()), 256)
            self.assertLessEqual(len(finding["message"].encode()), 1024)
            self.assertTrue(finding["message"].endswith("[cut]"))
            self.assertNotIn("command", finding["remedy"], "half a command is another command")
            self.assertIn("longer than 1 KiB and left out", finding["remedy"]["text"])
            self.assertTrue(report["facts"]["site:words"]["note"].endswith("[cut]"))
        self.assertEqual(finding["times"], 1, "the second pass knew of the first")

    def test_more_findings_than_200_are_left_out_and_said(self):
        for probe in range(12):
            self.python(f"many{probe}", "for i in range(300): print(json.dumps({'finding': dict("
                        f"code=f'site.{{\"x\" * 40}}-{probe}-{{i}}', result='fail')}}))", f"print('{DONE}')")
        report = self.delivered()
        mine = [f for f in report["findings"] if f["code"].startswith("site.")]
        self.assertEqual(len([f for f in mine if "-0-" in f["code"]]), 200)
        said = self.findings(report, "probe.malformed-finding")
        self.assertIn("it has 300 findings: all after the first 200 are left out",
                      [finding["message"] for finding in said])
        health = json.loads((self.run_directory / "health.json").read_text())
        self.assertEqual(len(health["root_causes"]), 100)
        self.assertEqual(health["root_causes_left_out"], len(report["root_causes"]) - 100)

    def test_one_that_eats_memory_ends_alone(self):
        self.python("hungry", "taken = [bytearray(1 << 20) for _ in range(4096)]", f"print('{DONE}')")
        report = self.delivered()
        self.assert_ended(report, "site:hungry", "failed", "MemoryError")
        self.assertEqual(self.probe(report, "pci")["status"], "ok")

    def test_one_that_is_killed_for_memory_is_told_so(self):
        self.site("killed", SHELL + "kill -KILL $$\n")
        report = self.delivered()
        self.assert_ended(report, "site:killed", "crashed", "when memory runs out")


if __name__ == "__main__":
    unittest.main()
