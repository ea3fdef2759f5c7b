"""The command line as scripts meet it: exit codes, usage, catalogue."""

import json
import os
import signal
import unittest

from efa_doctor import INTERNAL, SOURCE, USAGE, Case, machine_without_driver, machine_without_efa


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

    def test_an_option_that_the_command_does_not_use_is_refused(self):
        path = self.directory / "x"
        for command, option, arguments in (
                ("record", "--replay", ["record", "--replay", self.config, "--redact", path]),
                ("record", "--format", ["record", path, "--format", "json"]),
                ("--daemon", "--sysroot", ["--daemon", "--sysroot", self.directory]),
                ("--daemon", "--replay", ["--daemon", "--replay", self.config]),
                ("--daemon", "--no-deliver", ["--daemon", "--no-deliver"]),
                ("image-check", "--replay", ["image-check", "--replay", self.config]),
                ("status", "--sysroot", ["status", "--sysroot", self.directory]),
                ("status", "--output", ["--format", "json", "--output", path, "status"]),
                ("status", "--once", ["--once", "status"]),
                ("status", "--trigger", ["status", "--trigger", "boot"]),
                ("deliver", "--data", ["--data", "deliver"]),
                ("config-check", "--expect", ["config-check", "--expect", "4"]),
                ("topology", "--expect, --account", ["topology", "--expect", "4", "--account"]),
                ("explain", "--output", ["explain", "node.missing", "--output", path]),
                ("list-checks", "--sysroot", ["list-checks", "--sysroot", self.directory]),
                ("account", "--expect", ["account", "--expect", "4", "--filter", "tag:a=b"]),
                ("mesh", "--replay", ["mesh", "--replay", self.config]),
                ("pair", "--no-deliver", ["pair", "server", "--no-deliver"]),
                ("pair server", "--sizes, --engine, --compare, --seconds, --format, --output",
                 ["pair", "server", "--output", path, "--format", "text", "--seconds", "2", "--compare",
                  "--engine", "both", "--sizes", "64"]),
                ("pair server", "--format", ["--format", "json", "pair", "server"]),
                ("pair client", "--bind, --once", ["pair", "client", "h", "--bind", "::1", "--once"]),
                ("pair client", "--once", ["--once", "pair", "client", "h"])):
            run = self.efa_doctor(*arguments)
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""), arguments)
            self.assertEqual(run.stderr, f"efa-doctor: {command} does not use {option}\n")
        for left in (path, self.state, self.run_directory):
            self.assertFalse(left.exists(), left)

    def test_what_a_sysroot_and_a_recording_cannot_tell_is_not_asked_for(self):
        for option in ("--data", "--account"):
            for other in ("--sysroot", "--replay"):
                run = self.efa_doctor("--once", option, other, self.directory)
                self.assertEqual((run.returncode, run.stdout), (USAGE, ""), (option, other))
                self.assertRegex(run.stderr, f"({option} excludes {other}|{other} excludes {option})\n")
        run = self.efa_doctor("image-check", "--root", "/", "--sysroot", "/")
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))

    def test_an_option_that_the_command_has_too_is_its_own_wherever_it_stands(self):
        self.assertEqual(self.efa_doctor("--format", "json", "list-checks").stdout,
                         self.efa_doctor("list-checks", "--format", "json").stdout)
        run = self.efa_doctor("--format", "json", "status")
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertIn("status: --format: json not in {text,reason}", run.stderr)
        run = self.efa_doctor("--format", "json", "list-checks", "--format", "text")
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertIn("list-checks: --format: ", run.stderr)
        run = self.efa_doctor("--replay", self.directory / "missing", "account")
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertIn("missing", run.stderr)

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

    def test_the_beginning_of_codes_that_was_meant_is_named(self):
        for word, meant in (("drver", "driver"), ("fabrik", "fabric"), ("kernl", "kernel")):
            run = self.efa_doctor("explain", word)
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""), word)
            self.assertIn(f"; did you mean {meant}?", run.stderr)
        self.assertNotIn("did you mean", self.efa_doctor("explain", "nothing").stderr)

    def test_a_code_of_the_site_is_explained_by_its_own_probe(self):
        run = self.efa_doctor("explain", "site.gpu-count")
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertIn("site.gpu-count is of the site itself: the probe in /etc/efa-doctor/probes.d",
                      run.stderr)

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
        *table, empty, total = self.efa_doctor("list-modes", "--format", "markdown").stdout.splitlines()
        self.assertEqual([row.split(" | ")[0] for row in table[2:]],
                         ["| " + m["mode"] for m in modes])
        *text, last = self.efa_doctor("list-modes").stdout.splitlines()
        self.assertEqual((empty, total), ("", last))
        self.assertEqual([line.split()[0] for line in text if not line.startswith(" ")],
                         [m["mode"] for m in modes])
        self.assertEqual(len(text), sum(1 + len(m["checks"]) + ("why" in m) for m in modes))

    def test_the_modes_are_counted_in_the_last_line_and_in_the_readme(self):
        modes = json.loads(self.efa_doctor("list-modes", "--format", "json").stdout)
        sights = ("found", "needs account", "needs data", "not visible", "no fault")
        counts = [sum(m["sight"] == sight for m in modes) for sight in sights]
        self.assertEqual(sum(counts), len(modes))
        last = self.efa_doctor("list-modes").stdout.splitlines()[-1]
        self.assertEqual(last, f"{len(modes)} modes: " + ", ".join(f"{n} {s}" for n, s in zip(counts, sights)))
        row, = [line for line in (SOURCE / "README.md").read_text().splitlines()
                if line.startswith(f"| {len(modes)} catalogued modes")]
        self.assertEqual(row.split("|")[2].strip(), ", ".join(map(str, counts)))

    def test_the_table_of_the_readme_is_this_one(self):
        table = self.efa_doctor("list-checks", "--format", "markdown").stdout.splitlines()
        readme = (SOURCE / "README.md").read_text().splitlines()
        begin = readme.index(table[0])
        end = next(i for i in range(begin, len(readme)) if not readme[i].startswith("|"))
        self.assertEqual(readme[begin:end], table, "of efa-doctor list-checks --format markdown")


if __name__ == "__main__":
    unittest.main()
