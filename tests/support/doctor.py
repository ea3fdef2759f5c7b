"""efa-doctor as its users start it, for the tests in tests/cli. EFA_DOCTOR names the executable."""

import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time
import unittest

DOCTOR = os.environ["EFA_DOCTOR"]
EXIT_CODES = {"healthy": 0, "not_applicable": 0, "degraded": 1, "unhealthy": 2, "unknown": 3}


class Run:
    """What one process of efa-doctor left behind."""

    def __init__(self, code, out, err, seconds, peak_kib):
        self.code = code
        self.out = out
        self.err = err
        self.seconds = seconds
        self.peak_kib = peak_kib  # of it or of the largest of its children

    @property
    def report(self):
        return json.loads(self.out)


def run(*arguments, environment=None, timeout=60):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.monotonic()
        process = subprocess.Popen([DOCTOR, *map(str, arguments)], stdout=out, stderr=err,
                                   stdin=subprocess.DEVNULL, env=environment)
        clock = threading.Timer(timeout, process.kill)
        clock.start()
        _, status, usage = os.wait4(process.pid, 0)
        clock.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - start
        out.seek(0)
        err.seek(0)
        return Run(process.returncode, out.read().decode(), err.read().decode(), seconds,
                   usage.ru_maxrss)


class DoctorTest(unittest.TestCase):
    """A test with a directory of its own and a configuration that keeps efa-doctor inside it."""

    maxDiff = 2000

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="efa-doctor-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def config(self, **settings):
        """A configuration file; metadata__endpoint stands for metadata.endpoint."""
        settings = {"state_directory": str(self.directory / "state"),
                    "run_directory": str(self.directory / "run"),
                    "site_probes": str(self.directory / "probes.d"), **settings}
        path = self.directory / "config.toml"
        path.write_text("".join(f"{key.replace('__', '.')} = {json.dumps(value)}\n"
                                for key, value in settings.items()))
        return path

    def assert_report(self, result):
        """It ended by itself, with a report and the exit code of its verdict."""
        self.assertIn(result.code, (0, 1, 2, 3), result.err)
        self.assertEqual(result.code, EXIT_CODES[result.report["verdict"]])
        return result.report

    def assert_refused(self, result, path):
        """Nothing but a line that names the file and says what is wrong with it."""
        self.assertEqual(result.code, 64, result.err)
        self.assertEqual(result.out, "")
        self.assertIn(str(path), result.err)


def outcome(report, probe):
    return next(entry for entry in report["probes"] if entry["name"] == probe)


def claims(report):
    return [(finding["code"], finding["result"], finding["subject"])
            for finding in report["findings"]]
