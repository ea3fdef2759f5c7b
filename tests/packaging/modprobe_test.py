"""Files of modprobe.d that keep efa out, as libkmod reads them: modprobe --showconfig of the same folders."""

import fnmatch
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from efa_doctor import write

SKIPPED = 77
MODPROBE = shutil.which("modprobe", path="/usr/sbin:/sbin:/usr/bin:/bin")
# in the order in which the first of a name counts
FOLDERS = ("etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "lib/modprobe.d")
NAMES = ("10-site.conf", "efa.conf", "zz.conf", "efa.conf.bak", "efa", ".efa.conf")
LINES = ("blacklist efa", "  blacklist   efa", "\tblacklist efa # why", "#blacklist efa", "# blacklist efa",
         "blacklist\tefa", "blacklist efa_nv_peermem", "blacklist ib_uverbs", "blacklist  ef\\\na",
         "blacklist \\\nefa", "blacklist e\\fa", "blacklist efa\\\\", "options x \\\nblacklist efa",
         "blacklist \\\n \\\n efa", "# it \\\nblacklist efa", "install efa /bin/false", "install ib_uverbs /bin/false",
         "install  efa\t/bin/true", "options efa x=1", "alias efa off", "", "blacklist", "blacklistefa", "Blacklist efa",
         "install mlx5_ib /bin/false", "remove efa /bin/false", "install efa :", "install e?a exit 1",
         "install ib-[cu]* /bin/false", "install efa \"/bin/false\"", "install ef\\a /bin/false",
         "install efa /sbin/modprobe -i efa", "install ib_core modprobe -i ib_core && x",
         "install ib_core /bin/true # modprobe -i ib_core", "blacklist e*", "blacklist efa\r",
         "alias e* other", "alias ib_core off", "alias pci:v00001D0Fd0000EFA1sv*sd*bc*sc*i* off")
NEEDED = ("efa", "ib_uverbs", "ib_core")
LOADS = re.compile(r"[^#]*modprobe -i (efa|ib_core)")  # of the commands above


def says_libkmod(root):
    arguments = [word for folder in FOLDERS if (root / folder).is_dir() for word in ("-C", root / folder)]
    shown = subprocess.run([MODPROBE, "--showconfig", *arguments], capture_output=True, check=True,
                           timeout=30, env={"MODPROBE_OPTIONS": ""}).stdout.decode().split("\n")
    lines = [line.split(" ", 2) for line in shown]
    aliases = [line[1:] for line in lines if line[0] == "alias"]
    commands = [line[1:] for line in lines if line[0] == "install"]
    first = {name: next((command for pattern, command in commands if fnmatch.fnmatchcase(name, pattern)), None)
             for name in NEEDED}
    return (["blacklist", "efa"] in lines
            or any(command and not LOADS.match(command) for command in first.values())
            or any(to != "efa" and (fnmatch.fnmatchcase("efa", alias) or alias.startswith("pci:v00001D0Fd0000EFA"))
                   for alias, to in aliases))


def says_probe(root):
    run = subprocess.run([os.environ["RUN_PROBE"], "kernel", "--sysroot", root, "--deadline-ms", "20000"],
                         capture_output=True, text=True, check=True, timeout=60)
    facts = [json.loads(line) for line in run.stdout.splitlines()]
    return any(one.get("set") == "blacklisted_by" and one["value"] for one in facts)


class ModprobeTest(unittest.TestCase):
    def compare(self, files):
        """Files by path below the root; None is a link to /dev/null."""
        with tempfile.TemporaryDirectory(prefix="efa-doctor-modprobe-") as directory:
            root = pathlib.Path(directory)
            for path, text in files.items():
                if text is None:
                    (root / path).parent.mkdir(parents=True, exist_ok=True)
                    (root / path).symlink_to("/dev/null")
                else:
                    write(root / path, text)
            (root / FOLDERS[0]).mkdir(parents=True, exist_ok=True)  # without -C it were this machine's
            kept = says_libkmod(root)
            self.assertEqual(says_probe(root), kept, files)
            return kept

    def test_each_line(self):
        kept = {line for line in LINES if self.compare({"etc/modprobe.d/a.conf": line + "\n"})}
        self.assertLessEqual({"blacklist efa", "install efa /bin/false"}, kept)
        self.assertFalse({"#blacklist efa", "blacklistefa", ""} & kept)

    def test_the_first_file_of_a_name_hides_the_others(self):
        lower = {"lib/modprobe.d/efa.conf": "blacklist efa\n"}
        self.assertTrue(self.compare(lower))
        self.assertFalse(self.compare({**lower, "etc/modprobe.d/efa.conf": "# off\n"}))
        self.assertFalse(self.compare({**lower, "run/modprobe.d/efa.conf": None}))
        self.assertTrue(self.compare({**lower, "etc/modprobe.d/other.conf": None}))

    def test_many_together(self):
        chance = random.Random(20)
        found = set()
        for _ in range(60):
            files = {f"{folder}/{name}": chance.choice([None, "\n".join(chance.sample(LINES, 3)) + "\n"])
                     for folder in FOLDERS for name in NAMES if chance.random() < 0.3}
            found.add(self.compare(files))
        self.assertEqual(found, {True, False})


if __name__ == "__main__":
    if not MODPROBE:
        print("not installed: kmod")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
