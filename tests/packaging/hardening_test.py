"""Every program of the deb is built so that a fault in it is hard to use: CMakeLists.txt says what
each of these is for."""

import pathlib
import re
import shutil
import sys
import tempfile
import unittest

from debian_root import built_package, run

SKIPPED = 77
TOOLS = ("dpkg-deb", "readelf")
# of glibc: each has a form that knows the size of its buffer
FORTIFIED = re.compile(r"\b__\w+_chk@")


class Hardening(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="efa-doctor-hardening-"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        run("dpkg-deb", "-x", built_package(), cls.root)
        cls.programs = {path.name: run("readelf", "--wide", "--file-header", "--program-headers",
                                       "--dynamic", "--dyn-syms", path)
                        for path in cls.root.rglob("*") if path.is_file() and not path.is_symlink()
                        and path.open("rb").read(4) == b"\x7fELF"}

    def without(self, pattern):
        return [name for name, elf in self.programs.items() if not re.search(pattern, elf)]

    def test_all_are_looked_at(self):
        self.assertEqual(len(self.programs), 1 + 4 + 6 + 2)

    def test_the_code_lies_at_a_random_address(self):
        modules = {"archive.so", "http.so"}  # a library always does
        self.assertEqual(set(self.without(r"Type: +DYN .*\n(.*\n)*.*\(FLAGS_1\).*\bPIE\b")), modules)

    def test_the_table_of_functions_is_read_only(self):
        self.assertEqual(self.without(r"\n +GNU_RELRO "), [])
        self.assertEqual(self.without(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b"), [])

    def test_no_data_is_run_as_code(self):
        self.assertEqual(self.without(r"\n +GNU_STACK +(0x[0-9a-f]+ +){5}RW +"), [])

    def test_an_overflow_on_the_stack_ends_it(self):
        self.assertEqual(self.without(r"\b__stack_chk_fail@"), [])

    def test_an_overflow_by_a_call_of_the_c_library_ends_it(self):
        self.assertEqual(self.without(FORTIFIED), [])

    def test_neither_agent_nor_daemon_holds_tls_or_a_connection(self):
        for name in ("efa-doctor", "efa-doctord"):
            needed = re.findall(r"\(NEEDED\).*\[(.+?)\.so", self.programs[name])
            self.assertIn("libc", needed)
            self.assertFalse(set(needed) & {"libcurl", "libssl", "libcrypto", "libpugixml",
                                            "libyaml-cpp"}, name)


if __name__ == "__main__":
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print("not installed:", *missing)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
