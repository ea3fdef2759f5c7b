"""Lines of modprobe.d that keep efa out, and the printed command, played on files of the test's own."""

import shutil
import subprocess
import unittest

from efa_doctor import Case, write

FOLDER = "etc/modprobe.d"
# what the files have, by name; and what they have after the command
ROWS = (
    ({"x.conf": "install ib_core /bin/false\ninstall ib_uverbs /bin/false\ninstall efa /bin/false\n"},
     {"x.conf": "# install ib_core /bin/false\n# install ib_uverbs /bin/false\n# install efa /bin/false\n"}),
    ({"a.conf": "blacklist efa\n", "b.conf": "install ib-uverbs :\nblacklist ib_core\n"},
     {"a.conf": "# blacklist efa\n", "b.conf": "# install ib-uverbs :\nblacklist ib_core\n"}),
    ({"x.conf": "\tinstall\te?a exit 1\nalias efa off\noptions efa x=1\ninstall efa_x /bin/false"},
     {"x.conf": "# \tinstall\te?a exit 1\n# alias efa off\noptions efa x=1\ninstall efa_x /bin/false"}),
    ({"x.conf": "alias pci:v00001D0Fd0000EFA1sv*sd*bc*sc*i* off\ninstall ib[-_]core \"/bin/false\"\n"},
     {"x.conf": "# alias pci:v00001D0Fd0000EFA1sv*sd*bc*sc*i* off\n# install ib[-_]core \"/bin/false\"\n"}),
    # a comment goes on in the next line, too
    ({"x.conf": "install efa \\\n /bin/sh -c 'exit 1'\n"}, {"x.conf": "# install efa \\\n /bin/sh -c 'exit 1'\n"}),
)
IN_PARTS = ("install \\\nefa /bin/false\n", "blacklist e\\fa\n", "blacklist efa\ninstall ib_core\\\n :\n")


class BlockedDriver(Case):
    def setUp(self):
        super().setUp()
        self.root = self.synthetic_node("p4d.24xlarge")
        for link in (self.root / "sys/devices").rglob("driver"):
            if link.is_symlink() and link.readlink().name == "efa":
                link.unlink()
        for path in ("sys/module/efa", "sys/bus/pci/drivers/efa"):
            shutil.rmtree(self.root / path)

    def fill(self, files):
        shutil.rmtree(self.root / FOLDER, ignore_errors=True)
        for name, text in files.items():
            write(self.root / FOLDER / name, text)

    def blocked(self):
        report = self.report("--sysroot", self.root)
        finding, = [one for one in report["findings"] if one["code"] == "kernel.driver-blocked"]
        return finding

    def play(self, command):
        """Without rights, and on the files of this root."""
        there = command.replace(f" /{FOLDER}/", f" {self.root / FOLDER}/")
        subprocess.run(["bash", "-ec", f'sudo() {{ "$@"; }}; modprobe() {{ echo "modprobe $@"; }}; {there}'],
                       check=True, capture_output=True, timeout=30)

    def test_the_command_undoes_all_lines_and_no_other(self):
        for before, after in ROWS:
            with self.subTest(before):
                self.fill(before)
                finding = self.blocked()
                self.assertEqual(finding["result"], "fail")
                self.play(finding["remedy"]["command"])
                self.assertEqual({path.name: path.read_text() for path in (self.root / FOLDER).iterdir()}, after)
                self.assertEqual(self.blocked()["result"], "pass")

    def test_a_line_in_parts_has_no_command(self):
        for text in IN_PARTS:
            with self.subTest(text):
                self.fill({"x.conf": text})
                finding = self.blocked()
                self.assertEqual(finding["result"], "fail")
                self.assertIn(" \\", finding["evidence"]["observed"])
                self.assertFalse(finding["remedy"].get("command"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
