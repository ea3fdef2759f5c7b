"""packaging/slurm/efa-mesh.sbatch on a real Slurm of 64 nodes on one host: the ranks that srun starts find
each other, and name the nodes as Slurm does. Their tests of each other are played (played_engine.h)."""

import json
import subprocess
import sys
import unittest

import slurm
from efa_doctor import SOURCE, write
from pair_case import PairCase, free_port

NODES = 64
SKIPPED = 77


class SlurmMesh(PairCase):
    def setUp(self):
        super().setUp()
        write(self.directory / "bin/efa-doctor", f"""#!/bin/sh
command=$1
shift
exec {self.binary} --config {self.configs[0]} "$command" --leader 127.0.0.1 --port {self.port} "$@"
""", 0o755)
        self.slurm = slurm.Slurm("/bin/true", NODES)
        self.slurm.__enter__()
        self.addCleanup(self.slurm.__exit__)

    def mesh(self, **played):
        path = write(self.directory / "played.json", json.dumps(played))
        environment = {**self.node_environment(0, {}), **self.slurm.environment, "PLAYED_MESH": str(path)}
        environment["PATH"] = f"{self.directory}/bin:{environment['PATH']}"
        out = self.directory / "out"
        run = subprocess.run(
            ["sbatch", "--wait", "--nodes", str(NODES), "--output", out, "--chdir", self.directory,
             SOURCE / "packaging/slurm/efa-mesh.sbatch", "--format", "json", "--output", self.directory / "mesh.json"],
            env=environment, text=True, capture_output=True, timeout=200, check=False)
        self.assertTrue((self.directory / "mesh.json").exists(), run.stderr + (out.read_text() if out.exists() else ""))
        report = json.loads((self.directory / "mesh.json").read_text())
        self.assert_valid(report, "mesh")
        self.assertEqual(run.returncode, report["exit_code"], out.read_text())
        self.assertLessEqual(report["rounds"], 5)
        return report

    def test_dead_nodes_are_named_as_slurm_does_and_a_zone_blames_none(self):
        healthy = self.mesh()
        self.assertEqual((healthy["verdict"], healthy["summary"]), ("healthy", "64 of 64 nodes work"))
        one = self.mesh(dead=[12])
        self.assertEqual((one["root_causes"], one["hosts"]["fails"]), (["mesh.node-fails"], "n13"))
        five = self.mesh(dead=[2, 30, 31, 32, 63])
        self.assertEqual(five["hosts"]["fails"], "n3,n[31-33,64]")
        for host in ("n3", "n31"):
            self.assertEqual(self.slurm.scontrol("update", f"nodename={host}", "state=drain", "reason=mesh").returncode, 0)
        self.slurm.scontrol("update", "nodename=n[3,31]", "state=resume")
        zones = self.mesh(zones=["use1-az1"] * 50 + ["use1-az2"] * 14)
        self.assertEqual(zones["root_causes"], ["mesh.split-by-place"])
        self.assertIn("use1-az2: 14 nodes (n[51-64])", zones["findings"][0]["message"])
        self.assertNotIn("fails", zones["hosts"])


if __name__ == "__main__":
    if slurm.missing():
        print(slurm.missing())
        sys.exit(SKIPPED)
    unittest.main()
