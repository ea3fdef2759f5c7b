"""Debian roots that tests work in. They need root, mmdebstrap and a Debian mirror, and are kept for
the next run."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import subprocess

SOURCE = pathlib.Path(os.environ["SOURCE_DIR"])
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "efa-doctor-test"


def why_not():
    if os.geteuid() != 0:
        return "roots are made as root only"
    if shutil.which("mmdebstrap") is None:
        return "not installed: mmdebstrap"
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        return "no mount namespace can be made here"
    return ""


def run(*command, **options):
    done = subprocess.run([*map(str, command)], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=1500, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit code {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


def built_package():
    """This tree's newest deb, which the test packaging.built makes."""
    return max(SOURCE.glob("build/release/efa-doctor_*.deb"), key=lambda deb: deb.stat().st_mtime)


@contextlib.contextmanager
def kept_by_one(name):
    """Another test that wants the same waits until it is made."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / (name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def kept_root(name, suite, *options):
    """What mmdebstrap makes of the suite with these options, under that name."""
    root = CACHE / name
    made_of = CACHE / (name + ".made-of")
    wanted = "\n".join((suite, *options))
    with kept_by_one(name):
        if not root.exists() or not made_of.exists() or made_of.read_text() != wanted:
            unfinished = CACHE / (name + ".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            run("mmdebstrap", *options, suite, unfinished)
            shutil.rmtree(root, ignore_errors=True)
            unfinished.rename(root)
            made_of.write_text(wanted)
    return root
