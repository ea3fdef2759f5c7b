"""Packages of the npm registry that tests use; kept for the next run."""

import shutil

from debian_root import CACHE, kept_by_one, run


def why_not(package, path=None):
    if not shutil.which("npm"):
        return "not installed: npm"
    try:
        if path is None:
            modules(package)
        else:
            folder(package, path)
    except AssertionError as error:
        return f"npm cannot install {package}: {error}"
    return ""


def modules(package):
    """Where NAME@VERSION, or several beside each other, and what they need are installed: a NODE_PATH."""
    def install(directory):
        run("npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", directory, *package.split())
    return _kept(package, install) / "node_modules"


def folder(package, path):
    """That folder of NAME@VERSION, which is too large to be kept whole."""
    def take(directory):
        archive = directory / run("npm", "pack", "--silent", "--pack-destination", directory, package).strip()
        run("tar", "-C", directory, "--strip-components=1", "-xf", archive, f"package/{path}")
        archive.unlink()
    return _kept(f"{package} {path}", take) / path


def _kept(name, make):
    name = name.replace("/", "-").replace(" ", "+")
    directory = CACHE / "npm" / name
    with kept_by_one(name):
        if not directory.exists():
            unfinished = directory.with_name(directory.name + ".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            make(unfinished)
            unfinished.rename(directory)
    return directory
