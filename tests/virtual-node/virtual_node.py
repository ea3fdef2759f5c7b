"""Virtual nodes for tests: what ./setup has made, and jobs on it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("VEFA") or pathlib.Path(
    os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "vefa")
SKIPPED = 77

# sourced by every job: seen NAME COMMAND... keeps what it prints and its exit code
COMMON = """
mkdir -p /tmp/seen
seen() { local name=$1; shift; "$@" > /tmp/seen/$name 2> /tmp/seen/$name.err; echo $? > /tmp/seen/$name.code; }
"""


def kernels():
    """Those that ./setup has built, as (suite, version)."""
    named = os.environ.get("VIRTUAL_NODE_KERNELS")
    if named:
        return [tuple(each.split(":")) for each in named.split()]
    return sorted((image.parent.name, re.match(r"vmlinuz-(\d+\.\d+)", image.name).group(1))
                  for image in (CACHE / "img").glob("*/vmlinuz-*"))


def chosen_kernel():
    """Of nodes of which one kernel is enough: VIRTUAL_NODE_KERNEL=bookworm:6.1, or the first of trixie."""
    return os.environ.get("VIRTUAL_NODE_KERNEL", "trixie:6.").split(":")


def run_tests():
    """The tests of the file that calls, where virtual nodes can be."""
    reason = why_not()
    if reason:
        print(reason)
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)


def why_not():
    if os.geteuid() != 0:
        return "the nodes are started as root only"
    if not (CACHE / "tools/usr/bin/qemu-system-x86_64").exists() or not kernels():
        return f"no QEMU with a vfio-user client in {CACHE}: run tests/virtual-node/setup"
    return ""


class Node:
    """A job on a node, and what it has seen."""

    def __init__(self, job, *arguments, suite=None, kernel=None, limit_s=700):
        if suite is None:
            suite, kernel = chosen_kernel()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="efa-doctor-node-"))
        script = self.directory / "job.sh"
        script.write_text(COMMON + job)
        self.run = subprocess.run(
            [sys.executable, HERE / "run-node", "--suite", suite, "--kernel", kernel, "--script", script,
             "--file", "/tmp/seen/*", "--out", self.directory, "--timeout", "400", *map(str, arguments)],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit_s)
        if self.run.returncode != 0:
            raise AssertionError(f"{self.run.stdout[-4000:]}\nsee {self.directory}")

    def path(self, name):
        return self.directory / "files/tmp/seen" / name

    def text(self, name):
        return self.path(name).read_text()

    def json(self, name):
        return json.loads(self.text(name))

    def number(self, name):
        return int(self.text(name))

    def remove(self):
        shutil.rmtree(self.directory)
