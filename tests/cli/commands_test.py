"""The command line as scripts meet it: exit codes, configuration, catalogue."""

import json
import os
import re
import signal
import unittest

from efa_doctor import (INTERNAL, SOURCE, USAGE, Case, environment, machine_without_driver,
                        machine_without_efa, write)


class Once(Case):
    def test_a_machine_without_efa_is_not_applicable_and_exits_0(self):
        root = machine_without_efa(self.directory / "machine")
        for expect in ("auto", "none", "0"):
            report = self.report("--sysroot", root, "--expect", expect)
            self.assertEqual(report["verdict"], "not_applicable", expect)

    def test_a_whole_machine_is_healthy_and_exits_0(self):
        report = self.report("--sysroot", self.synthetic_node("c5n.18xlarge"))
        self.assertEqual(report["verdict"], "healthy")

    def test_fewer_devices_than_the_type_can_have_is_degraded_and_exits_1(self):
        report = self.report("--sysroot", self.synthetic_node("p4d.24xlarge", devices=3))
        self.assertEqual((report["verdict"], report["root_causes"]),
                         ("degraded", ["pci.fewer-than-maximum"]))

    def test_a_device_without_its_driver_is_unhealthy_and_exits_2(self):
        report = self.report("--sysroot", machine_without_driver(self.directory / "machine"))
        self.assertEqual(report["verdict"], "unhealthy")
        self.assertEqual(report["devices"][0]["pci_address"], "0000:00:06.0")

    def test_a_missing_device_that_is_expected_is_the_root_cause(self):
        root = machine_without_efa(self.directory / "machine")
        report = self.report("--sysroot", root, "--expect", "1")
        self.assertEqual((report["verdict"], report["root_causes"]),
                         ("unhealthy", ["pci.none-found"]))

    def test_the_configuration_expects_as_the_option_does(self):
        root = machine_without_efa(self.directory / "machine")
        self.configure(expect="1")
        self.assertEqual(self.report("--sysroot", root)["verdict"], "unhealthy")
        self.assertEqual(self.report("--sysroot", root, "--expect", "none")["verdict"],
                         "not_applicable")

    def test_a_machine_that_shows_nothing_is_unknown_and_exits_3(self):
        root = self.directory / "machine"
        root.mkdir()
        self.assertEqual(self.report("--sysroot", root)["verdict"], "unknown")

    def test_a_sysroot_that_is_not_there_is_a_usage_error(self):
        run = self.once("--sysroot", self.directory / "missing")
        self.assertEqual(run.returncode, USAGE)
        self.assertIn(str(self.directory / "missing"), run.stderr)

    def test_an_expectation_that_is_no_number_is_a_usage_error_before_any_look(self):
        for bad in ("many", "-1", "1.5", "99999999999999999999", ""):
            run = self.once("--expect", bad)
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""), bad)
            self.assertIn("expect", run.stderr)
        self.assertFalse(self.state.exists())

    def test_a_recording_that_is_missing_or_none_is_a_usage_error(self):
        for path in (self.directory / "missing.tar.zst", self.directory, self.config):
            run = self.efa_doctor("--replay", path)
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
            self.assertIn(str(path), run.stderr)


class Usage(Case):
    def test_what_is_not_understood_is_a_usage_error(self):
        for arguments in ([], ["--nonsense"], ["nonsense"], ["--once", "--format", "yaml"],
                          ["--once", "--daemon"], ["--once", "--replay", "a", "--sysroot", "b"],
                          ["--once", "--trigger", "boredom"], ["status", "--max-age", "soon"],
                          ["status", "--max-age", "-1"], ["status", "--accept", "unhealthy"],
                          ["explain"], ["record"], ["list-checks", "--format", "prometheus"]):
            run = self.efa_doctor(*arguments)
            self.assertEqual(run.returncode, USAGE, arguments)
            self.assertEqual(run.stdout, "", arguments)
            self.assertNotEqual(run.stderr, "", arguments)

    def test_what_was_meant_is_named(self):
        for arguments, meant in ((["--onse"], "--once"), (["statsu"], "status"),
                                 (["status", "--max-agee", "3"], "--max-age"),
                                 (["--once", "--formt=json"], "--format")):
            run = self.efa_doctor(*arguments)
            self.assertEqual(run.returncode, USAGE, arguments)
            self.assertIn(f"Did you mean {meant}?", run.stderr)
        self.assertNotIn("Did you mean", self.efa_doctor("--entirely-else").stderr)

    def test_the_word_that_was_meant_is_named(self):
        for arguments, meant in ((["--once", "--format", "jso"], "json"),
                                 (["list-checks", "--format", "markdwn"], "markdown"),
                                 (["--once", "--expect", "maxx"], "max"),
                                 (["--once", "--trigger", "reqest"], "request"),
                                 (["status", "--accept", "degrade"], "degraded"),
                                 (["status", "--require", "date"], "data"),
                                 (["status", "--actors", "job_owner,aws_suport"], "aws_support"),
                                 (["pair", "servr"], "server"),
                                 (["pair", "client", "h", "--engine", "verb"], "verbs")):
            run = self.efa_doctor(*arguments)
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""), arguments)
            self.assertIn(f"; did you mean {meant}?\n", run.stderr)
        for arguments in (["--once", "--format", "yaml"], ["--once", "--format", ""],
                          ["pair", "somebody"], ["--once", "--expect", "-1"]):
            run = self.efa_doctor(*arguments)
            self.assertEqual(run.returncode, USAGE, arguments)
            self.assertNotIn("did you mean", run.stderr)

    def test_whose_option_it_is_is_named(self):
        run = self.efa_doctor("pair", "server", "--wait", "3")
        self.assertEqual(run.returncode, USAGE)
        self.assertIn("--wait is an option of: status, mesh\n", run.stderr)
        self.assertNotIn("Did you mean", run.stderr)

    def test_a_number_that_is_none_is_told_shortly(self):
        for arguments in (["status", "--max-age", "abc"], ["status", "--wait", "-1"],
                          ["deliver", "--limit", "1e9"], ["account", "--rate", "0"]):
            run = self.efa_doctor(*arguments)
            self.assertEqual(run.returncode, USAGE)
            self.assertIn(f"'{arguments[-1]}' is no whole number from ", run.stderr)
            self.assertTrue(all(len(line) < 100 for line in run.stderr.splitlines()), run.stderr)

    def test_a_typo_makes_no_directory(self):
        nowhere = self.directory / "nonexist"
        root = machine_without_efa(self.directory / "machine")
        run = self.efa_doctor("--sysroot", root, "record", nowhere / "x")
        self.assertEqual(run.returncode, INTERNAL)
        self.assertIn("No such file or directory", run.stderr)
        run = self.once("--sysroot", root, "--output", nowhere / "x")
        self.assertEqual(run.returncode, 0, "its verdict")
        self.assertIn("No such file or directory", run.stderr)
        self.assertIn("NOT APPLICABLE", run.stdout, "it is not lost")
        self.assertFalse(nowhere.exists())

    def test_what_is_the_daemons_is_not_in_the_help(self):
        self.assertNotIn("--trigger", self.efa_doctor("--help").stdout)

    def test_an_argument_steers_no_terminal(self):
        run = self.efa_doctor("\x1b[2Jevil\n<0>x")
        self.assertEqual(run.returncode, USAGE)
        self.assertNotRegex(run.stderr, "\x1b|^<0>")
        self.assertIn("evil", run.stderr)

    def test_help_and_version_are_printed_and_exit_0(self):
        run = self.efa_doctor("--help")
        self.assertEqual(run.returncode, 0)
        self.assertIn("Exit codes", run.stdout)
        self.assertRegex(self.efa_doctor("--version").stdout, r"^\d+\.\d+\.\d+ \(\w+\)\n$")


class Output(Case):
    def test_what_could_not_be_printed_is_no_success(self):
        for verb in (("list-checks",), ("explain", "node.missing"), ("config-check",), ("--version",)):
            with open("/dev/full", "w") as full:
                run = self.efa_doctor(*verb, stdout=full)
            self.assertEqual(run.returncode, INTERNAL, verb)
            self.assertIn("standard output", run.stderr)

    def test_a_reader_that_has_enough_ends_a_list(self):
        reader, writer = os.pipe()
        os.close(reader)
        run = self.efa_doctor("list-checks", stdout=writer)
        os.close(writer)
        self.assertEqual((run.returncode, run.stderr), (-signal.SIGPIPE, ""))


class Configuration(Case):
    def check(self, text):
        write(self.config, text)
        return self.efa_doctor("config-check")

    def assert_refused(self, text, *words):
        run = self.check(text)
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""), text)
        for word in words:
            self.assertIn(word, run.stderr)
        self.assertEqual(self.once().returncode, USAGE, text)

    def test_a_right_one_is_called_correct(self):
        run = self.check('expect = "4"\n[counters]\nrx_drops_per_s = 100\n')
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(run.stdout, f"{self.config}: correct\n")

    def test_a_number_needs_no_quotes(self):
        root = machine_without_efa(self.directory / "machine")
        self.assertEqual(self.check("expect = 1\n").returncode, 0)
        self.assertEqual(self.report("--sysroot", root)["root_causes"], ["pci.none-found"])

    def test_a_check_that_is_turned_off_is_told_and_touches_no_verdict(self):
        root = self.synthetic_node("p4d.24xlarge", devices=3)
        self.assertEqual(self.report("--sysroot", root)["verdict"], "degraded")
        self.assertEqual(self.check('[checks]\npci.fewer-than-maximum = "off"\n').returncode, 0)
        report = self.report("--sysroot", root)
        self.assertEqual((report["verdict"], report["configured"]),
                         ("healthy", {"checks": {"pci.fewer-than-maximum": "off"}}))
        self.assert_valid(report)
        self.assertIn("set in the configuration: pci.fewer-than-maximum off",
                      self.once("--sysroot", root).stdout)

    def test_a_device_that_is_set_aside_is_told_and_not_judged(self):
        root = self.synthetic_node("p4d.24xlarge-vm-passthrough")
        self.assertEqual(self.report("--sysroot", root)["verdict"], "unhealthy")
        self.assertEqual(self.check('set_aside = ["0000:90:1b.0"]\n').returncode, 0)
        report = self.report("--sysroot", root)
        self.assertEqual((report["verdict"], report["configured"]),
                         ("healthy", {"set_aside": ["0000:90:1b.0"]}))
        self.assert_valid(report)
        self.assertEqual(len(report["devices"]), 4)

    def test_a_code_that_no_check_has_is_named_with_its_line(self):
        self.assert_refused('[checks]\n"pci.narow-link" = "off"\n', f"{self.config}:2",
                            "did you mean pci.narrow-link?")

    def test_an_unknown_key_is_named_with_its_line(self):
        self.assert_refused('expect = "4"\n\nexpected = 4\n', "'expected'", f"{self.config}:3")
        self.assert_refused("[counters]\nlimit = 4\n", "'counters.limit'", f"{self.config}:2")
        self.assert_refused("[colours]\n", "'colours'", f"{self.config}:1")

    def test_all_errors_are_told_at_once(self):
        run = self.check('expect = "many"\ninterval = 3\n[s3]\nsse = "rot13"\nregoin = "a"\n')
        self.assertEqual(run.returncode, USAGE)
        for line, words in ((1, "'many'"), (2, "'interval'; did you mean interval_s?"),
                            (4, "s3.sse"), (5, "did you mean s3.region?")):
            self.assertRegex(run.stderr, rf"{self.config}:{line}: .*{re.escape(words)}")
        self.assertEqual(run.stderr.count("\n"), 4)

    def test_what_config_check_alone_looks_at_is_told_with_them(self):
        run = self.check('expect = "many"\nmetrics_directory = "/etc/passwd"\nvalid_for_s = 20\n'
                         'host_root = "/nowhere"\nrun_directory = "/etc/passwd"\n'
                         '[s3]\nca_file = "/nowhere/ca.pem"\n')
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        for line, words in ((1, "expect: 'many'"), (2, "metrics_directory: /etc/passwd: Not a directory"),
                            (3, "valid_for_s: one late pass would make the verdict stale"),
                            (4, "host_root: the node's root is not mounted at /nowhere"),
                            (5, "run_directory: /etc/passwd: Not a directory"),
                            (7, "s3.ca_file: /nowhere/ca.pem: No such file or directory")):
            self.assertIn(f"{self.config}:{line}: {words}", run.stderr)
        self.assertEqual(run.stderr.count("\n"), 6, run.stderr)

    def test_of_one_setting_one_error_is_told(self):
        for text in ('host_root = "/etc/passwd"\n', 'host_root = 3\n', 'host_root = "here"\n'):
            run = self.check(text)
            self.assertEqual(run.returncode, USAGE)
            self.assertRegex(run.stderr, rf"\A.*{self.config}:1: host_root.*\n\Z")

    def test_where_another_root_is_looked_at_that_of_the_node_is_not(self):
        write(self.config, 'host_root = "/nowhere"\n')
        run = self.efa_doctor("--sysroot", self.directory, "config-check")
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_a_hostile_file_steers_neither_a_terminal_nor_the_journal(self):
        write(self.config, '"x\\u001b[2J\\n<0>y" = 1\n')
        for more in ({}, {"JOURNAL_STREAM": "8:1"}):
            run = self.efa_doctor("config-check", env=environment(**more))
            self.assertEqual(run.returncode, USAGE)
            self.assertIn("x?[2J <0>y", run.stderr)
            self.assertEqual(run.stderr.count("\n"), 1)

    def test_a_wrong_type_is_named_with_its_line(self):
        self.assert_refused("\nexpect = 4.5\n", "expect must be a string or a whole number",
                            f"{self.config}:2")
        self.assert_refused('deadline_ms = "5"\n', "deadline_ms must be a whole number",
                            f"{self.config}:1")
        self.assert_refused("deadline_ms = 5000.5\n", "deadline_ms must be a whole number")
        self.assert_refused("counters = 3\n", "counters")

    def test_a_number_out_of_range_is_told_the_range(self):
        self.assert_refused("deadline_ms = 1\n", "from 1000 to 120000", f"{self.config}:1")
        self.assert_refused("reports_kept = -1\n", "reports_kept")
        self.assert_refused("interval_s = 99999999999999999999\n", f"{self.config}:1")

    def test_a_verdict_that_one_late_pass_makes_stale_is_refused_where_a_daemon_makes_it(self):
        for interval, valid, also in ((300, 609, ", or interval_s = 299 or less"),
                                      (300, 10, ""), (86400, 172809, "or interval_s = 86399")):
            run = self.check(f"interval_s = {interval}\nvalid_for_s = {valid}\n")
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""), run.stderr)
            for words in (f"{self.config}:2: valid_for_s: ",
                          f"valid_for_s = {2 * interval + 10} or more", also):
                self.assertIn(words, run.stderr)
            daemon = self.efa_doctor("--daemon")
            self.assertEqual((daemon.returncode, daemon.stdout), (USAGE, ""))
            self.assertIn("less than twice interval_s", daemon.stderr)
        for right in ("interval_s = 300\nvalid_for_s = 610\n", "interval_s = 86400\n"
                      "valid_for_s = 172810\n", ""):
            self.assertEqual(self.check(right).returncode, 0, right)
        run = self.check("interval_s = 10\nvalid_for_s = 20\ndeadline_ms = 40000\n")
        self.assertIn("valid_for_s = 60 or more", run.stderr)
        self.assertIn(f"{self.config}:1: interval_s: ", self.check("interval_s = 3600\n").stderr)

    def test_a_path_is_absolute_and_names_no_other_thing(self):
        for key in ("state_directory", "run_directory", "site_probes", "metrics_directory"):
            self.assert_refused(f'{key} = "here"\n', f"{key}: must be an absolute path", f"{self.config}:1")
        for key in ("state_directory", "run_directory"):
            self.assert_refused(f'{key} = ""\n', f"{key}: must be an absolute path")
        self.assert_refused('[s3]\nca_file = "ca.pem"\n', "s3.ca_file: must be an absolute path")
        for wrong in ("a\\nb", "a\\u0000b", "\\u001b[2J"):
            self.assert_refused(f'state_directory = "/{wrong}"\n', "contains control characters")
        run = self.check('metrics_directory = "/etc/passwd"\n')
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertIn("metrics_directory: /etc/passwd: Not a directory", run.stderr)

    def test_settings_of_s3_are_looked_at_before_it_is_named(self):
        for settings, words in (('proxy = "htp://x y"', "s3.proxy"), ('endpoint = "zzz zz"', "s3.endpoint"),
                                ('expected_bucket_owner = "abc"', "12 digits"),
                                ('region = "a/b"', "s3.region")):
            self.assert_refused(f"[s3]\n{settings}\n", words)

    def test_what_is_no_toml_is_told_the_line(self):
        self.assert_refused('expect = "4"\ndeadline_ms = = 3\n', f"{self.config}:2")
        self.assert_refused('expect = "4"\nexpect = "5"\n', f"{self.config}:2")

    def test_a_file_may_be_named_after_the_command(self):
        other = self.directory / "other.toml"
        write(other, "expect = 4.5\n")
        run = self.efa_doctor("config-check", other)
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertIn(f"{other}:1", run.stderr)
        write(other, "expect = 4\n")
        self.assertEqual(self.efa_doctor("config-check", other).stdout, f"{other}: correct\n")

    def test_a_bad_expectation_is_told_the_file(self):
        self.assert_refused('expect = "many"\n', str(self.config), "'many'")

    def test_a_file_that_was_named_must_be_there(self):
        self.config.unlink()
        run = self.efa_doctor("config-check")
        self.assertEqual(run.returncode, USAGE)
        self.assertIn(str(self.config), run.stderr)


class Catalogue(Case):
    def test_every_code_is_explained(self):
        checks = json.loads(self.efa_doctor("list-checks", "--format", "json").stdout)
        self.assertGreater(len(checks), 50)
        for check in checks:
            run = self.efa_doctor("explain", check["code"])
            self.assertEqual(run.returncode, 0, check["code"])
            for word in ("code", "severity", "title", "meaning", "seen_by", "remedy"):
                self.assertNotEqual(check[word], "", check["code"])
                self.assertIn(check[word], run.stdout)
            self.assertIn(f"Who fixes it: {check['actor'].replace('_', ' ')}\n", run.stdout)

    def test_codes_are_unique_and_well_formed(self):
        checks = json.loads(self.efa_doctor("list-checks", "--format", "json").stdout)
        codes = [check["code"] for check in checks]
        self.assertEqual(codes, sorted(set(codes)))
        for code in codes:
            self.assertRegex(code, r"^[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*$")

    def test_an_unknown_code_is_a_usage_error(self):
        for code in ("pci.nune-found", "", "pci.none-found ", "nothing"):
            run = self.efa_doctor("explain", code)
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""), code)
        self.assertIn("did you mean pci.none-found?",
                      self.efa_doctor("explain", "pci.nune-found").stderr)

    def test_the_beginning_of_codes_lists_them(self):
        run = self.efa_doctor("explain", "driver")
        codes = [line.split()[0] for line in run.stdout.splitlines()]
        self.assertEqual(run.returncode, 0)
        self.assertGreater(len(codes), 2)
        self.assertTrue(all(code.startswith("driver") for code in codes), codes)

    def test_markdown_and_text_list_every_code(self):
        checks = json.loads(self.efa_doctor("list-checks", "--format", "json").stdout)
        table = self.efa_doctor("list-checks", "--format", "markdown").stdout.splitlines()
        self.assertEqual(table[1], "|---|---|---|---|---|")
        self.assertEqual([row.split("`")[1] for row in table[2:]], [c["code"] for c in checks])
        self.assertEqual([row.split("|")[5].split() for row in table[2:]],
                         [c["modes"] for c in checks])
        self.assertTrue(all(row.count("|") == 6 for row in table))
        text = self.efa_doctor("list-checks").stdout.splitlines()
        self.assertEqual([row.split()[0] for row in text], [c["code"] for c in checks])

    def test_every_known_mode_is_seen_by_checks_or_says_why_not(self):
        modes = json.loads(self.efa_doctor("list-modes", "--format", "json").stdout)
        checks = json.loads(self.efa_doctor("list-checks", "--format", "json").stdout)
        codes = {c["code"] for c in checks}
        self.assertEqual([m["mode"] for m in modes], [f"F{n:02}" for n in range(1, 91)])
        for mode in modes:
            self.assertLessEqual(set(mode["checks"]), codes, mode["mode"])
            self.assertEqual("why" in mode, mode["sight"] != "found", mode["mode"])
            self.assertTrue(mode["checks"] or mode["why"], mode["mode"])
            self.assertEqual(len(mode["scenarios"]), len(mode["checks"]), mode["mode"])
            self.assertEqual([c["code"] for c in checks if mode["mode"] in c["modes"]],
                             sorted(mode["checks"]))
        table = self.efa_doctor("list-modes", "--format", "markdown").stdout.splitlines()
        self.assertEqual([row.split(" | ")[0] for row in table[2:]],
                         ["| " + m["mode"] for m in modes])
        text = self.efa_doctor("list-modes").stdout.splitlines()
        self.assertEqual([line.split()[0] for line in text if not line.startswith(" ")],
                         [m["mode"] for m in modes])
        self.assertEqual(len(text), sum(1 + len(m["checks"]) + ("why" in m) for m in modes))

    def test_the_table_of_the_readme_is_this_one(self):
        table = self.efa_doctor("list-checks", "--format", "markdown").stdout.splitlines()
        readme = (SOURCE / "README.md").read_text().splitlines()
        begin = readme.index(table[0])
        end = next(i for i in range(begin, len(readme)) if not readme[i].startswith("|"))
        self.assertEqual(readme[begin:end], table, "of efa-doctor list-checks --format markdown")


if __name__ == "__main__":
    unittest.main()
