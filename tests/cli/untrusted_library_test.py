"""A libfabric that another user can change is no code that root runs."""

import os
import shutil
import subprocess
import unittest

from efa_doctor import ENOUGH_S, Case, write

NOBODY = 65534
LIBRARY = "/opt/amazon/efa/lib"

# It tells who runs it, then speaks the probe's protocol.
SOURCE = r"""
#include <stdio.h>
#include <unistd.h>
__attribute__((constructor)) static void run(void) {
  FILE* file = fopen(MARKER, "w");
  if (file) { fprintf(file, "%d %d %d", getuid(), geteuid(), getgid()); fclose(file); }
  printf("{\"set\":\"library\",\"value\":\"mine\"}\n{\"done\":true}\n");
  fflush(stdout);
  _exit(0);
}
int fi_getinfo(void) { return -61; }
void fi_freeinfo(void) {}
void* fi_dupinfo(void) { return 0; }
const char* fi_strerror(void) { return ""; }
int fi_version(void) { return 0; }
"""
VERSIONS = ("FABRIC_1.0 { global: fi_strerror; fi_version; };\n"
            "FABRIC_1.3 { global: fi_getinfo; fi_freeinfo; fi_dupinfo; };\n" +
            "".join(f"FABRIC_1.{n} {{ }};\n" for n in (1, 2, 4, 5, 6, 7, 8, 9)))


class UntrustedLibrary(Case):
    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can run what it must not")
        if not shutil.which("gcc"):
            self.skipTest("no gcc to make a libfabric")
        super().setUp()
        if self.elsewhere("true").returncode != 0:
            self.skipTest("no mount namespace of its own")
        self.directory.chmod(0o755)
        (self.directory / "said").mkdir()
        (self.directory / "said").chmod(0o777)
        self.marker = self.directory / "said/by"
        self.stub = self.directory / "libfabric.so.1"
        self.make_stub(SOURCE)

    def make_stub(self, text):
        source = write(self.directory / "stub.c", text)
        versions = write(self.directory / "stub.map", VERSIONS)
        subprocess.run(["gcc", "-shared", "-fPIC", f'-DMARKER="{self.marker}"', "-o", self.stub,
                        source, f"-Wl,--version-script={versions},-soname,libfabric.so.1"],
                       check=True, timeout=ENOUGH_S)

    def elsewhere(self, script, *prefix):
        """Runs it where /opt is the test's own."""
        whole = f"mount -t tmpfs none /opt && {script}"
        return subprocess.run([*prefix, "unshare", "--mount", "sh", "-c", whole, "sh"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=ENOUGH_S)

    def report_with(self, prepare, before=""):
        self.marker.unlink(missing_ok=True)
        run = self.elsewhere(
            f"mkdir -p {LIBRARY} && cp {self.stub} {LIBRARY}/ && {prepare} && exec {before} "
            f"{self.binary} --config {self.config} --once --no-deliver --expect none --format json")
        report = self.report_of(run)
        self.assert_valid(report)
        return report, self.marker.read_text() if self.marker.exists() else None

    def distrusted(self, report):
        return {finding["subject"]: finding
                for finding in self.findings(report, "probe.library-not-trusted")}

    def test_root_s_own_is_asked_by_root(self):
        report, who = self.report_with("true")
        self.assertEqual(who, "0 0 0")
        self.assertEqual(self.distrusted(report), {})

    def test_what_another_user_can_change_is_asked_as_nobody(self):
        for prepare, words in (
                (f"chown {NOBODY} {LIBRARY}/libfabric.so.1", "libfabric.so.1 belongs to user 65534"),
                (f"chown 500 {LIBRARY}", f"{LIBRARY} belongs to user 500"),
                ("chown 500 /opt/amazon", "/opt/amazon belongs to user 500"),
                (f"chmod 775 {LIBRARY}", f"{LIBRARY} may be written by users other"),
                ("mv /opt/amazon /opt/fsx && ln -s fsx /opt/amazon && chown -h 500 /opt/amazon",
                 "/opt/amazon belongs to user 500"),
                (f"mkdir {LIBRARY}/libfabric && cp {self.stub} {LIBRARY}/libfabric/libx-fi.so && "
                 f"chown 500 {LIBRARY}/libfabric/libx-fi.so", "libx-fi.so belongs to user 500")):
            with self.subTest(words):
                report, who = self.report_with(prepare)
                self.assertEqual(who, f"{NOBODY} {NOBODY} {NOBODY}")
                finding, = self.distrusted(report).values()
                self.assertEqual((finding["severity"], finding["subject"]),
                                 ("info", f"fabric:{LIBRARY}"))
                self.assertIn(words, finding["message"])
                self.assertEqual(self.probe(report, f"fabric:{LIBRARY}")["status"], "ok")
                self.assertEqual(report["root_causes"], [])

    def test_where_the_agent_cannot_become_nobody_it_is_not_asked(self):
        report, who = self.report_with(
            f"chown 500 {LIBRARY}", "setpriv --bounding-set=-setuid,-setgid,-kill --inh-caps=-all")
        self.assertIsNone(who)
        finding = self.distrusted(report)[f"fabric:{LIBRARY}"]
        self.assertIn("not asked: ", finding["message"])
        self.assertEqual(report["root_causes"], [])

    def test_one_that_hangs_as_nobody_is_ended_at_the_deadline(self):
        self.make_stub(SOURCE.replace('  printf("{', '  for (;;) pause();\n  printf("{'))
        self.configure(deadline_ms=3000)
        report, who = self.report_with(f"chown 500 {LIBRARY}")
        self.assertEqual(who, f"{NOBODY} {NOBODY} {NOBODY}")
        self.assertEqual(self.probe(report, f"fabric:{LIBRARY}")["detail"].split(";")[0],
                         "killed at the deadline")


if __name__ == "__main__":
    unittest.main()
