"""config.toml: what is refused, in which words, by config-check and by a pass, and what a right one does."""

import re
import unittest

from efa_doctor import USAGE, Case, environment, machine_without_efa, write


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

    def test_what_would_have_no_effect_is_refused(self):
        self.assert_refused('[checks]\npair.slow = "off"\n', f"{self.config}:2", "efa-doctor pair alone")
        self.assert_refused('[checks]\npci.narrow-link = "info"\n"pci.narrow-link" = "off"\n',
                            f"{self.config}:3", "is set in line 2 too")
        self.assert_refused("device_deadline_ms = 60000\n", f"{self.config}:1",
                            "60000 is not less than deadline_ms = 10000")

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
        run = self.check('run_directory = "/dev/null/x"\n')
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertIn(f"{self.config}:1: run_directory: /dev/null/x: Not a directory", run.stderr)

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
        self.assert_refused("counters = 3\n", "counters must be a table, as [counters]")

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


if __name__ == "__main__":
    unittest.main()
