"""A device that gets its name from udev while the probes look is looked at anew: no probe takes it for
another one than the next probe does.
"""

import unittest

from fake_probes import DONE, SHELL, FakeProbes

# Renames the first device once more in each of so many passes.
RENAME = SHELL + """cd {root}/sys/class/infiniband
echo look >> {looks}
n=$(wc -l < {looks})
if [ $n -le {times} ]; then mv "$(ls | head -n 1)" efa_$n; fi
"""


class RenamedDevice(FakeProbes):
    deadline_ms = 30_000  # time for three looks

    def look(self, times):
        """The RDMA devices that are told, and how often all probes looked."""
        root = self.synthetic_node("p4d.24xlarge")
        looks = self.directory / "looks"
        looks.unlink(missing_ok=True)
        script = RENAME.format(root=root, looks=looks, times=times) + f"echo '{DONE}'\n"
        self.replace_probe("software", script)
        report = self.timed_report("--sysroot", root)
        names = [device["name"] for device in report["facts"]["rdma"]["devices"]]
        return names, len(looks.read_text().splitlines())

    def test_a_pass_during_which_a_device_is_renamed_is_made_again(self):
        names, looks = self.look(1)
        self.assertEqual(looks, 2)
        self.assertIn("efa_1", names)
        self.assertEqual(len(names), 4)

    def test_names_that_stay_are_looked_at_once(self):
        names, looks = self.look(0)
        self.assertEqual((len(names), looks), (4, 1))

    def test_one_that_is_renamed_for_ever_ends_the_pass_all_the_same(self):
        _, looks = self.look(1000)
        self.assertEqual(looks, 3)

    def test_where_there_is_no_time_for_another_look_the_first_one_stays(self):
        self.configure(deadline_ms=2000)  # half of it a device may take, half the report
        _, looks = self.look(1)
        self.assertEqual(looks, 1)


if __name__ == "__main__":
    unittest.main()
