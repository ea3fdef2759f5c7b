"""Packages of the npm registry that tests use; kept for the next run."""

import shutil

from debian_root import CACHE, run


def why_not(package):
    if not shutil.which("npm"):
        return "not installed: npm"
    try:
        modules(package)
    except AssertionError as error:
        return f"npm cannot install {package}: {error}"
    return ""


def modules(package):
    """Where NAME@VERSION, or several beside each other, and what they need are installed: a NODE_PATH."""
    directory = CACHE / "npm" / package.replace("/", "-").replace(" ", "+")
    if not directory.exists():
        unfinished = CACHE / "npm" / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        run("npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", unfinished, *package.split())
        unfinished.rename(directory)
    return directory / "node_modules"
