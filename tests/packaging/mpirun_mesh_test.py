"""efa-doctor mesh under Open MPI's mpirun, whose ranks each have a host name of their own. Their tests of each
other are played (played_engine.h)."""

import json
import os
import shutil
import subprocess
import sys
import unittest

from efa_doctor import write
from pair_case import PairCase

RANKS = 16
SKIPPED = 77


class MpirunMesh(PairCase):
    def mesh(self, **played):
        path = write(self.directory / "played.json", json.dumps(played))
        rank = write(self.directory / "rank", f"""#!/bin/sh
hostname node$OMPI_COMM_WORLD_RANK
exec {self.binary} --config {self.configs[0]} mesh --leader 127.0.0.1 --port {self.port} --token-file {self.token} "$@"
""", 0o755)
        run = subprocess.run(
            ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", str(RANKS), "unshare", "--uts", rank,
             "--format", "json", "--output", self.directory / "mesh.json"],
            env={**self.node_environment(0, {}), "PLAYED_MESH": str(path)}, text=True, capture_output=True,
            timeout=200, check=False)
        self.assertTrue((self.directory / "mesh.json").exists(), run.stderr)
        report = json.loads((self.directory / "mesh.json").read_text())
        self.assert_valid(report, "mesh")
        self.assertEqual(run.returncode, report["exit_code"], run.stderr)
        return report

    def test_all_work(self):
        self.assertEqual(self.mesh()["summary"], f"{RANKS} of {RANKS} nodes work")

    def test_dead_nodes_are_named(self):
        report = self.mesh(dead=[3, 11])
        self.assertEqual((report["root_causes"], report["hosts"]["fails"]), (["mesh.node-fails"], "node11,node3"))


if __name__ == "__main__":
    if os.geteuid() != 0 or not shutil.which("mpirun"):
        print("not root" if os.geteuid() != 0 else "not installed: mpirun")
        sys.exit(SKIPPED)
    unittest.main()
