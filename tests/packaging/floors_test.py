"""Every folder includes only from those above it in this list, and no two from each other."""

import os
import pathlib
import re
import unittest

SOURCE = pathlib.Path(os.environ["SOURCE_DIR"])
PROBE = "probes/*"  # a folder for each
FLOORS = ["probes/base", "probes/aws", "probes/protocol", "probes/judging", PROBE, "agent/log",
          "agent/config", "agent/run", "agent/diagnose", "agent/report", "agent/pair", "agent/mesh", "agent/account",
          "agent/pass", "agent/deliver", "agent/deliver/s3", "agent/cli", "agent/watch", "agent"]
# a judge sees the whole machine, and the table names every probe
MACHINE = {"probes/judging/node.h", "probes/judging/table.cpp"}


def floor(path):
    folder = os.path.dirname(path)
    return PROBE if folder.startswith("probes/") and folder not in FLOORS else folder


def includes():
    """(file, what it includes of the project's own) of all sources."""
    for top in ("agent", "probes"):
        for path in sorted((SOURCE / top).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            for included in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
                yield path.relative_to(SOURCE).as_posix(), included


class Floors(unittest.TestCase):
    def test_all_are_known(self):
        self.assertEqual({floor(file) for file, _ in includes()}, set(FLOORS))

    def test_none_looks_up(self):
        up = [f"{file} includes {included}" for file, included in includes()
              if FLOORS.index(floor(included)) > FLOORS.index(floor(file)) and file not in MACHINE]
        self.assertEqual(up, [])

    def test_no_probe_uses_another(self):
        # through which services jobs come, whose they are, and what memory may be locked, is known
        # once
        shared = {f"probes/limits/{name}.h"
                  for name in ("control_group", "facts", "memlock", "parse", "services")}
        shared.add("probes/account/facts.h")  # of templates, in the same form
        across = [f"{file} includes {included}" for file, included in includes()
                  if floor(file) == floor(included) == PROBE and included not in shared
                  and os.path.dirname(file) != os.path.dirname(included)]
        self.assertEqual(across, [])


if __name__ == "__main__":
    unittest.main()
