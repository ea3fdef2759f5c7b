"""What packages install beside the programs: man pages, completion, the configuration file, scripts."""

import contextlib
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import unittest

from efa_doctor import EFA_DOCTOR, SOURCE, Case, dead_links, handbook, write

MANUAL = pathlib.Path(EFA_DOCTOR).parent / "manual"
SCRIPTS = [*SOURCE.glob("packaging/deb/p*"), SOURCE / "packaging/install-build-dependencies"]


def man(page):
    run = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", MANUAL / page], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                         env={**os.environ, "MANWIDTH": "400", "LC_ALL": "C.UTF-8"})
    return run.stdout, run.stderr


class ManualTest(Case):
    def test_pages_are_rendered_without_a_warning(self):
        for page in ("efa-doctor.1", "efa-doctor.toml.5"):
            text, warnings = man(page)
            self.assertEqual(warnings, "", page)
            self.assertGreater(len(text), 3000, page)

    def test_every_check_command_and_setting_is_in_a_page(self):
        program, _ = man("efa-doctor.1")
        for line in self.efa_doctor("list-checks").stdout.splitlines():
            self.assertIn(line.split()[0], program)
        for name in ("status", "record", "deliver", "--max-age", "--replay", "--redact"):
            self.assertRegex(program, rf"(?m)^ +{name}\b")
        self.assertIn("--bucket s3://BUCKET/PREFIX\n", program)
        page, _ = man("efa-doctor.toml.5")
        for key in re.findall(r"(?m)^#(\w+) = ", (MANUAL / "config.toml").read_text()):
            self.assertRegex(page, rf"(?m)^ +{key} = ")

    def test_what_the_readme_leaves_to_the_pages_is_there(self):
        for page, words in {"efa-doctor.1": ("control groups", "HMAC-SHA256", "mpirun", "Fn::ForEach"),
                            "efa-doctor.toml.5": ("AWS_SHARED_CREDENTIALS_FILE",)}.items():
            text, _ = man(page)
            for word in words:
                self.assertIn(word, text)

    def test_links_of_readme_and_guides_lead_somewhere(self):
        pages = handbook()
        self.assertGreater(len(pages), 8)
        self.assertEqual({page: dead_links(page) for page in pages}, {page: [] for page in pages})

    def test_links_of_guides_that_are_installed_lead_somewhere(self):
        guides = sorted((pathlib.Path(EFA_DOCTOR).parent / "guides").iterdir())
        self.assertEqual({page.name for page in guides}, {"README.md"} | {
            f"{page.parent.name}.md" for page in handbook()[1:]})
        self.assertEqual({page: dead_links(page) for page in guides}, {page: [] for page in guides})
        self.assertIn("](slurm.md)", (guides[0].parent / "README.md").read_text())
        self.assertIn("](slurm.md)", (guides[0].parent / "hyperpod.md").read_text())

    def test_the_readme_leads_to_each_guide(self):
        readme = (SOURCE / "README.md").read_text()
        for guide in handbook()[1:]:
            self.assertIn(f"]({guide.relative_to(SOURCE)})", readme)

    def test_sections_that_pages_name_are_there(self):
        """As README, "Boot service"."""
        titles = set(re.findall(r"(?m)^## (.*)$", (SOURCE / "README.md").read_text()))
        named = {name for path in [*handbook(), *SOURCE.glob("agent/**/main.cpp"), *SOURCE.glob("probes/**/*.h")]
                 for name in re.findall(r'README, "([^"]+)"', path.read_text())}
        self.assertGreater(len(named), 4)
        self.assertEqual(named - titles, set())

    def test_the_configuration_file_is_right_with_and_without_its_comments(self):
        text = (MANUAL / "config.toml").read_text()
        for toml in (text, re.sub(r"(?m)^#(\w+ = )", r"\1", text)):
            path = self.directory / "config.toml"
            path.write_text(toml)
            run = subprocess.run([EFA_DOCTOR, "--config", path, "config-check"], text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
            self.assertEqual((run.returncode, run.stdout), (0, f"{path}: correct\n"))

    def complete(self, line):
        words = line.split(" ")
        script = (f". {MANUAL}/efa-doctor.bash; PATH={pathlib.Path(EFA_DOCTOR).parent}:$PATH; "
                  f"COMP_WORDS=({' '.join(word or repr('') for word in words)}); "
                  f"COMP_CWORD={len(words) - 1}; _efa_doctor; echo \"${{COMPREPLY[@]}}\"")
        run = subprocess.run(["bash", "-c", script], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(run.stderr, "")
        return run.stdout.split()

    def test_completion_knows_commands_options_and_codes(self):
        self.assertEqual(self.complete("efa-doctor stat"), ["status"])
        self.assertEqual(self.complete("efa-doctor --rep"), ["--replay"])
        self.assertEqual(self.complete("efa-doctor status --ma"), ["--max-age"])
        self.assertEqual(self.complete("efa-doctor --once --format j"), ["json"])
        self.assertEqual(self.complete("efa-doctor explain driver.wrong"), ["driver.wrong-driver"])
        self.assertEqual(self.complete("efa-doctor status --redact"), [])

    def test_completion_knows_what_follows_each_option(self):
        self.assertEqual(self.complete("efa-doctor status --format "), ["text", "reason"])
        self.assertEqual(self.complete("efa-doctor topology --format "), ["text", "svg"])
        self.assertEqual(self.complete("efa-doctor --format = json status --format "), ["text", "reason"])
        self.assertEqual(self.complete("efa-doctor pair "), ["server", "client"])
        self.assertIn("--port", self.complete("efa-doctor pair server "))
        self.assertEqual(self.complete("efa-doctor --expect m"), ["max"])
        self.assertEqual(self.complete("efa-doctor status --max-age "), [])
        (self.directory / "one").touch()
        self.assertIn(str(self.directory / "one"),
                      self.complete(f"efa-doctor --once --output {self.directory}/o"))
        for before in ("record --redact", "record", "--config f record", "config-check"):
            self.assertEqual(self.complete(f"efa-doctor {before} {self.directory}/on"),
                             [str(self.directory / "one")], before)
        self.assertNotIn("--trigger", self.complete("efa-doctor --t"))

    def test_completion_names_no_placeholder(self):
        (self.directory / "one").mkdir()
        self.assertEqual(self.complete(f"efa-doctor account --from-reports {self.directory}/o"),
                         [str(self.directory / "one")])
        self.assertEqual(self.complete("efa-doctor account --bucket "), [])
        for shell in ("bash", "zsh", "fish"):
            self.assertNotRegex((MANUAL / f"efa-doctor.{shell}").read_text(),
                                r"(words=|:word:|-a )['(]*(DIR|s3)\b")

    def commands_and_options(self):
        """Those of each command as its --help tells them, with those of the program that it uses."""
        def told(*arguments):
            text = self.efa_doctor(*arguments, "--help").stdout
            also = re.search(r"(?m)^Also: (.*);", text)
            return text, {*re.findall(r"(?m)^  (?:-\w,)?(--[\w-]+)", text), *(also[1].split(", ") if also else ())}

        program, general = told()
        commands = re.findall(r"(?m)^  ([a-z][\w-]+) ", program[program.index("\nSubcommands:"):])
        self.assertGreater(len(commands), 10)
        self.assertGreater(len(general), 10)
        return commands, {"": general, **{name: told(name)[1] for name in commands}}

    def assert_complete(self, completed):
        """`completed` gives the names that a shell offers after a command, or before any."""
        commands, options = self.commands_and_options()
        self.assertLessEqual(set(commands), completed("", ""))
        for command, names in options.items():
            offered = {word for word in completed(command, "--") if word.startswith("--")}
            self.assertEqual(offered, names, command)

    def test_bash_knows_every_command_and_option(self):
        self.assert_complete(lambda command, begun: set(
            self.complete(" ".join(filter(None, ["efa-doctor", command])) + " " + begun)))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_knows_every_command_and_option(self):
        def completed(command, _):
            """What it tells zsh's own functions, which work only while somebody types."""
            script = ("_arguments() { [[ $1 == -C ]] && state=argument && line=($COMMAND) &&"
                      " [[ -n $COMMAND ]] || print -rl -- $@ }\n"
                      "_describe() { print -rl -- ${(P)2} }\n"
                      f". {MANUAL}/efa-doctor.zsh\n_efa_doctor_commands")
            run = subprocess.run(["zsh", "-f", "-c", script], text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, timeout=60,
                                 env={**os.environ, "COMMAND": command})
            self.assertEqual(run.stderr, "")
            return set(re.findall(r"(?m)^\*?([\w-]+)[\[:]", run.stdout))

        self.assert_complete(completed)
        self.assertIn("'*--filter[", (MANUAL / "efa-doctor.zsh").read_text(), "may be given again")
        self.assertNotIn("'*--format[", (MANUAL / "efa-doctor.zsh").read_text())

    def complete_in_zsh(self, *lines):
        """What a live zsh offers where Tab follows each line."""
        offered = self.directory / "offered"
        write(self.directory / ".zshrc", f"""
autoload -Uz compinit; compinit -u -D
functions[_efa_doctor]="$(< {MANUAL}/efa-doctor.zsh)"; compdef _efa_doctor efa-doctor
compadd() {{
  local -a words
  builtin compadd -O words "$@"
  [[ " $* " == *" -"[OAD]" "* ]] || print -r -- $words >> {offered}
  builtin compadd "$@"
}}
tell() {{ _main_complete }}
next() {{ print ENDED >> {offered}; BUFFER= }}
leave() {{ exit }}
zle -C tell complete-word tell; zle -N next; zle -N leave
bindkey '^I' tell; bindkey '^T' next; bindkey '^Y' leave
""")
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(TERM="dumb", ZDOTDIR=str(self.directory))
            os.execvp("zsh", ["zsh", "-d", "-i"])
        with open(terminal, "r+b", buffering=0) as keys:
            keys.write("".join(f"{line}\t\x14" for line in lines).encode() + b"\x19")
            with contextlib.suppress(OSError):  # its end
                while select.select([keys], [], [], 60)[0] and keys.read(4096):
                    pass
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return [told.split() for told in offered.read_text().split("ENDED\n")[:-1]]

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_completes(self):
        self.assertEqual(
            self.complete_in_zsh("efa-doctor topology --format ", "efa-doctor status --format ",
                                 "efa-doctor --format pro", "efa-doctor pair ", "efa-doctor stat",
                                 f"efa-doctor record --redact {MANUAL}/efa-doctor.z"),
            [["text", "svg"], ["text", "reason"], ["prometheus"], ["server", "client"], ["status"],
             ["efa-doctor.zsh"]])

    def test_zsh_leaves_to_a_command_what_follows_it(self):
        self.assertIn('_arguments -C -A "-*"', (MANUAL / "efa-doctor.zsh").read_text())

    def test_completions_are_right_by_the_parsers_of_their_shells(self):
        for shell in ("bash", "zsh", "fish"):
            script = MANUAL / f"efa-doctor.{shell}"
            with self.subTest(shell):
                if not shutil.which(shell):
                    self.skipTest(f"{shell} is not installed")
                run = subprocess.run([shell, "-n", script], text=True, stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, timeout=60)
                self.assertEqual((run.returncode, run.stdout), (0, ""), shell)

    def complete_in_fish(self, line):
        script = (f"set -x PATH {pathlib.Path(EFA_DOCTOR).parent} $PATH; "
                  f"source {MANUAL}/efa-doctor.fish; complete -C '{line}'")
        run = subprocess.run(["fish", "--no-config", "-c", script], text=True, timeout=60,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env={**os.environ, "HOME": str(self.directory)})
        self.assertEqual(run.stderr, "")
        return [word.split("\t")[0] for word in run.stdout.splitlines()]

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_completes(self):
        self.assertEqual(self.complete_in_fish("efa-doctor stat"), ["status"])
        self.assertEqual(self.complete_in_fish("efa-doctor status --max"), ["--max-age"])
        self.assertEqual(self.complete_in_fish("efa-doctor topology --format "), ["svg", "text"])
        self.assertEqual(self.complete_in_fish("efa-doctor explain driver.wrong"),
                         ["driver.wrong-driver"])

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish_knows_every_command_and_option(self):
        self.assert_complete(lambda command, begun: set(
            self.complete_in_fish(" ".join(filter(None, ["efa-doctor", command])) + " " + begun)))

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_knows_its_functions(self):
        script = (f"autoload -Uz compinit; compinit -u -D; functions[_efa_doctor_file]="
                  f"\"$(< {MANUAL}/efa-doctor.zsh)\"; print ok")
        run = subprocess.run(["zsh", "-f", "-c", script], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=60)
        self.assertEqual((run.returncode, run.stdout), (0, "ok\n"))

    def test_the_examples_of_the_page_are_understood(self):
        program, _ = man("efa-doctor.1")
        section = program[program.index("\nEXAMPLES"):program.index("\nEXIT STATUS")]
        examples = re.findall(r"(?m)^ +(efa-doctor .*)$", section)
        self.assertGreater(len(examples), 8)
        for example in examples:
            run = self.efa_doctor(*example.split()[1:], "--help")
            self.assertEqual((run.returncode, run.stderr), (0, ""), example)

    def test_scripts_are_clean(self):
        for script in SCRIPTS:
            run = subprocess.run(["shellcheck", script], text=True, stdout=subprocess.PIPE, timeout=60)
            self.assertEqual(run.stdout, "", script)
        run = subprocess.run(["shellcheck", "-s", "bash", MANUAL / "efa-doctor.bash"], text=True,
                             stdout=subprocess.PIPE, timeout=60)
        self.assertEqual(run.stdout, "")


if __name__ == "__main__":
    unittest.main()
