"""Runs efa-doctor as it is built, from outside, on machines made of files."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

import jsonschema

EFA_DOCTOR = os.environ["EFA_DOCTOR"]
MAKE_NODE = os.environ["MAKE_NODE"]
SOURCE = pathlib.Path(os.environ["SOURCE_DIR"])
LIBEXEC = pathlib.Path(EFA_DOCTOR).parent / "libexec/efa-doctor"

ENOUGH_S = 60  # of a slow machine; a pass has a deadline of its own
VERDICTS = {"healthy": 0, "not_applicable": 0, "degraded": 1, "unhealthy": 2, "unknown": 3}
USAGE = 64
INTERNAL = 70


def environment(**more):
    """That of the caller, without what steers the output."""
    steering = ("COLUMNS", "JOURNAL_STREAM", "NO_COLOR", "TERM")
    kept = {k: v for k, v in os.environ.items() if k not in steering}
    return {**kept, **more}


def handbook():
    """What users read of the source: README.md, and the guides beside the files."""
    return [SOURCE / "README.md", *sorted((SOURCE / "packaging").rglob("README.md"))]


def dead_links(page):
    """The relative links of a page that lead to no file."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    return [target for target in targets if not (page.parent / target).is_file()]


def schema(name):
    """The validator of packaging/<name>.schema.json."""
    text = (SOURCE / "packaging" / f"{name}.schema.json").read_text()
    return jsonschema.Draft202012Validator(json.loads(text))


def write(path, text, mode=0o644):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def machine_without_efa(root):
    """A kernel and a PCI bus on which nothing sits."""
    (root / "sys/bus/pci/devices").mkdir(parents=True)
    write(root / "proc/sys/kernel/osrelease", "6.1.0-test\n")
    write(root / "proc/sys/kernel/random/boot_id", "00000000-0000-4000-8000-0000000000ff\n")
    return root


def machine_without_driver(root):
    """An EFA function that no driver is bound to."""
    machine_without_efa(root)
    function = root / "sys/devices/pci0000:00/0000:00:06.0"
    for name, text in {"vendor": "0x1d0f", "device": "0xefa1", "class": "0x020000",
                       "enable": "0"}.items():
        write(function / name, text + "\n")
    (function / "config").write_bytes(b"\x0f\x1d\xa1\xef")
    (root / "sys/bus/pci/devices/0000:00:06.0").symlink_to(
        "../../../devices/pci0000:00/0000:00:06.0")
    return root


class Case(unittest.TestCase):
    """A test with a directory and a configuration of its own: nothing of the host is touched."""

    maxDiff = None

    def setUp(self):
        self.addCleanup(os.umask, os.umask(0o022))
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="efa-doctor-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.state = self.directory / "state"
        self.run_directory = self.directory / "run"
        self.metrics = self.directory / "metrics"
        self.site_probes = self.directory / "probes.d"
        self.binary = EFA_DOCTOR
        self.config = self.configure()

    def configure(self, **settings):
        """Writes config.toml; every directory of it lies in the test's own."""
        settings = {"state_directory": str(self.state), "run_directory": str(self.run_directory),
                    "metrics_directory": str(self.metrics), "site_probes": str(self.site_probes),
                    **settings}
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in settings.items()]
        self.config = write(self.directory / "config.toml", "".join(lines))
        return self.config

    def efa_doctor(self, *arguments, **options):
        """Standard output and error are text; `configured=False` leaves --config away."""
        given = [] if not options.pop("configured", True) else ["--config", str(self.config)]
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                   "text": True, "timeout": ENOUGH_S, "env": environment(), **options}
        begin = time.monotonic()
        run = subprocess.run([str(self.binary), *given, *map(str, arguments)], **options)
        run.seconds = time.monotonic() - begin
        return run

    def once(self, *arguments, **options):
        return self.efa_doctor("--once", *arguments, **options)

    def report(self, *arguments, **options):
        """The JSON report of a pass; the exit code is that of its verdict."""
        return self.report_of(self.once("--format", "json", *arguments, **options))

    def report_of(self, run):
        self.assertIn(run.returncode, VERDICTS.values(), run.stderr)
        report = json.loads(run.stdout)
        self.assertEqual(run.returncode, VERDICTS[report["verdict"]])
        return report

    def assert_refused(self, run, path):
        """Nothing but a line that names the file and says what is wrong with it."""
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""), run.stderr)
        self.assertIn(str(path), run.stderr)

    def synthetic_node(self, name, devices=None):
        """A machine of tests/nodes, perhaps with another number of devices."""
        root = self.directory / name
        count = [] if devices is None else ["--devices", str(devices)]
        subprocess.run([MAKE_NODE, SOURCE / "tests/nodes" / name / "node.json", root, *count],
                       check=True, timeout=ENOUGH_S)
        return root

    def assert_valid(self, document, name="report"):
        wrong = [f"{error.json_path}: {error.message}"
                 for error in schema(name).iter_errors(document)]
        self.assertEqual(wrong, [])

    def findings(self, report, code, result="fail"):
        return [finding for finding in report["findings"]
                if finding["code"] == code and finding["result"] == result]

    def probe(self, report, name):
        found = [probe for probe in report["probes"] if probe["name"] == name]
        self.assertEqual(len(found), 1, f"{name} in {report['probes']}")
        return found[0]


def claims(report):
    return [(finding["code"], finding["result"], finding["subject"])
            for finding in report["findings"]]
