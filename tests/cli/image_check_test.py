"""efa-doctor image-check: an image without devices is judged by its software, layer by layer."""

import json
import pathlib
import re
import shutil
import struct
import subprocess
import unittest

from efa_doctor import EFA_DOCTOR, USAGE, VERDICTS, Case, handbook, write

KERNEL = "6.1.177-224.371.amzn2023.x86_64"
OLD = "6.1.100-1.amzn2023.x86_64"
LIBFABRIC = "opt/amazon/efa/lib64/libfabric.so.1"
RDMA_CORE = ("usr/lib64/libibverbs.so.1", "usr/lib64/libefa.so.1")


def loader_cache(path):
    """An /etc/ld.so.cache that knows one library."""
    names = [pathlib.Path(path).name.encode() + b"\0", path.encode() + b"\0"]
    header, entry = 48, 24
    at = header + entry
    return (b"glibc-ld.so.cache1.1" + struct.pack("<II", 1, len(b"".join(names)))).ljust(header, b"\0") + \
        struct.pack("<IIIIQ", 0x303, at, at + len(names[0]), 0, 0) + b"".join(names)


class ImageCheck(Case):
    def setUp(self):
        super().setUp()
        self.root = self.synthetic_node("p5.48xlarge-image-bake")
        self.modules = self.root / "lib/modules"
        for name in (LIBFABRIC, *RDMA_CORE):
            write(self.root / name, "")

    def check(self, *arguments):
        return self.efa_doctor("image-check", "--root", self.root, *arguments)

    def judged(self):
        """The verdict, and what fails of it: {(code, subject)}."""
        run = self.check("--format", "json")
        report = self.report_of(run)
        self.assert_valid(report)
        return report["verdict"], {(finding["code"], finding["subject"])
                                   for finding in report["findings"]
                                   if finding["result"] == "fail" and finding["severity"] != "info"}

    def add_kernel(self, release, *lines):
        write(self.modules / release / "modules.builtin", "kernel/fs/ext4/ext4.ko\n")
        write(self.modules / release / "modules.dep", "".join(line + "\n" for line in lines))

    def test_a_whole_image_is_healthy_without_a_device(self):
        self.assertEqual(self.judged(), ("healthy", set()))
        run = self.check()
        self.assertEqual(run.returncode, 0)
        told = " ".join(run.stdout.split())
        self.assertTrue(told.startswith("HEALTHY what was looked at is there, for 1 kernel; libraries were not loaded "),
                        run.stdout)
        self.assertNotIn("not looked at", told)

    def test_an_image_without_a_library_is_not_healthy(self):
        for name, code in ((LIBFABRIC, "fabric.not-installed"), *((name, "verbs.not-installed") for name in RDMA_CORE)):
            (self.root / name).unlink()
            self.assertEqual(self.judged(), ("degraded", {(code, "node")}), name)
            run = self.check()
            self.assertEqual(run.returncode, VERDICTS["degraded"])
            self.assertTrue(run.stdout.startswith(f"DEGRADED  node: not found: {pathlib.Path(name).name}\n"), run.stdout)
            write(self.root / name, "")

    def test_an_image_without_any_library_is_not_healthy(self):
        for name in (LIBFABRIC, *RDMA_CORE):
            (self.root / name).unlink()
        self.assertEqual(self.judged(), ("degraded", {("fabric.not-installed", "node"), ("verbs.not-installed", "node")}))
        report = self.report_of(self.check("--format", "json"))
        self.assertEqual([len(self.findings(report, f"{of}.does-not-load", "not_applicable"))
                          for of in ("fabric", "verbs")], [1, 1])

    def test_a_library_lies_where_the_loader_finds_it(self):
        (self.root / LIBFABRIC).unlink()
        (self.root / "etc/ld.so.cache").write_bytes(loader_cache("/opt/site/lib/libfabric.so.1"))
        self.assertEqual(self.judged()[0], "degraded", "nothing lies there")
        write(self.root / "opt/site/lib/libfabric.so.1", "")
        self.assertEqual(self.judged(), ("healthy", set()))

    def test_an_image_for_containers_leaves_libraries_to_them(self):
        for name in (LIBFABRIC, *RDMA_CORE):
            (self.root / name).unlink()
        codes = ("fabric.not-installed", "verbs.not-installed")
        self.configure(**{f"checks.{code}": "off" for code in codes})
        self.assertEqual(self.judged(), ("healthy", set()))
        self.configure(**{f"checks.{code}": "info" for code in codes})
        self.assertIn("what was looked at is there (but see fabric.not-installed, verbs.not-installed), for 1 kernel",
                      " ".join(self.check().stdout.split()))

    def test_each_installed_kernel_needs_the_driver(self):
        self.add_kernel(OLD, "kernel/fs/fuse/fuse.ko.xz:")
        self.assertEqual(self.judged(), ("unhealthy", {("kernel.driver-not-installed", f"kernel {OLD}")}))
        run = self.check()
        self.assertEqual(run.returncode, 2)
        self.assertIn(f"kernel {OLD}: no module efa", run.stdout)
        self.assertIn("kernel.driver-not-installed: The kernel has no efa driver", " ".join(run.stdout.split()))

    def test_what_a_removed_kernel_left_is_none(self):
        write(self.modules / OLD / "updates/dkms/other.ko", "")
        self.assertEqual(self.judged()[0], "healthy")

    def test_a_kernel_without_ib_uverbs(self):
        write(self.modules / KERNEL / "modules.dep", "extra/efa.ko.xz:\n")
        self.assertEqual(self.judged(),
                         ("unhealthy", {("kernel.uverbs-not-installed", f"kernel {KERNEL}")}))

    def test_a_configuration_that_keeps_the_driver_out(self):
        write(self.root / "etc/modprobe.d/x.conf", "blacklist efa\n")
        self.assertEqual(self.judged(), ("unhealthy", {("kernel.driver-blocked", f"kernel {KERNEL}")}))

    def test_a_boot_loader_that_keeps_the_driver_out(self):
        for name, text, argument in (
                ("etc/default/grub", 'GRUB_CMDLINE_LINUX="ro module_blacklist=efa"\n', "module_blacklist=efa"),
                ("boot/loader/entries/a.conf",
                 f"title AL\nlinux /boot/vmlinuz-{KERNEL}\noptions ro modprobe.blacklist=nouveau,efa\n",
                 "modprobe.blacklist=efa"),
                ("boot/grub2/grub.cfg", f"menuentry x {{\n\tlinux /boot/vmlinuz-{KERNEL} ro module_blacklist=efa\n}}\n",
                 "module_blacklist=efa"),
                ("etc/kernel/cmdline", "ro module_blacklist=efa\n", "module_blacklist=efa")):
            with self.subTest(name):
                write(self.root / name, text)
                run = self.check("--format", "json")
                self.assertEqual(run.returncode, VERDICTS["unhealthy"])
                finding, = self.findings(self.report_of(run), "kernel.driver-blocked")
                self.assertEqual((finding["subject"], finding["evidence"]["observed"]),
                                 (f"kernel {KERNEL}", f"/{name}: {argument}"))
                self.assertEqual(finding["evidence"]["source"], "modprobe.d and the boot loader's configuration")
                self.assertTrue(finding["remedy"]["text"].startswith(f"Take it out of /{name} where"), finding["remedy"])
                (self.root / name).unlink()
        self.assertEqual(self.judged()[0], "healthy")

    def test_all_that_keeps_the_driver_out_is_named(self):
        write(self.root / "etc/modprobe.d/x.conf", "blacklist efa\ninstall ib_core :\n")
        write(self.root / "etc/default/grub", 'GRUB_CMDLINE_LINUX="ro modprobe.blacklist=efa"\n')
        finding, = self.findings(self.report_of(self.check("--format", "json")), "kernel.driver-blocked")
        self.assertEqual(finding["evidence"]["observed"].split("; "),
                         ["/etc/modprobe.d/x.conf: install ib_core :", "/etc/default/grub: modprobe.blacklist=efa",
                          "/etc/modprobe.d/x.conf: blacklist efa"])
        self.assertTrue(finding["remedy"]["text"].startswith(
            "Take it out of /etc/modprobe.d/x.conf and /etc/default/grub where"), finding["remedy"])

    def test_udev_loads_the_driver_whatever_its_name_is_an_alias_of(self):
        write(self.root / "etc/modprobe.d/x.conf", "alias efa off\ninstall efa modprobe -i efa\nblacklist ib_core\n")
        self.assertEqual(self.judged(), ("healthy", set()))

    def test_the_command_line_of_the_machine_that_makes_the_image_is_none_of_the_images(self):
        write(self.root / "proc/cmdline", "ro module_blacklist=efa\n")
        self.assertEqual(self.judged(), ("healthy", set()))

    def test_each_kernel_has_a_module_that_was_built_for_it(self):
        self.add_kernel(OLD, "extra/efa.ko.xz: kernel/drivers/infiniband/core/ib_uverbs.ko.xz")
        module = (self.modules / KERNEL / "extra/efa.ko.xz").read_bytes()
        copy = self.modules / OLD / "extra/efa.ko.xz"
        copy.parent.mkdir()
        for content, verdict, failing in (
                (module.replace(KERNEL.encode(), OLD.encode().ljust(len(KERNEL))), "healthy", set()),
                (module.replace(b"modversions", b"-" * 11), "unhealthy",
                 {("kernel.driver-mismatch", f"kernel {OLD}")}),
                (module, "unknown", set()),
                (b"", "unhealthy", {("kernel.driver-not-installed", f"kernel {OLD}")})):
            copy.write_bytes(content)
            self.assertEqual(self.judged(), (verdict, failing), content)
        copy.unlink()
        self.assertEqual(self.judged(), ("unhealthy", {("kernel.driver-not-installed", f"kernel {OLD}")}))
        self.assertIn(f"kernel {OLD}: modules.dep names extra/efa.ko.xz, which is not there",
                      " ".join(self.check().stdout.split()))

    def test_a_driver_that_depmod_has_not_listed_is_not_loaded(self):
        self.add_kernel(OLD, "kernel/drivers/infiniband/core/ib_uverbs.ko.xz:")
        write(self.modules / OLD / "updates/dkms/efa.ko.xz", "")
        shutil.copy(self.modules / KERNEL / "extra/efa.ko.xz", self.modules / OLD / "updates/dkms/efa.ko.xz")
        self.assertEqual(self.judged(), ("unhealthy", {("kernel.driver-not-installed", f"kernel {OLD}")}))
        self.assertIn(f"kernel {OLD}: updates/dkms/efa.ko.xz lies there for {OLD}, and depmod has not listed it",
                      " ".join(self.check().stdout.split()))

    def test_a_kernel_that_is_closed_to_modules_needs_efa_before(self):
        load = self.root / "etc/modules-load.d"
        self.assertEqual((load / "efa.conf").read_text(), "efa\n")
        write(self.root / "usr/lib/sysctl.d/50-hard.conf", "kernel.modules_disabled = 1\n")
        self.assertEqual(self.judged(), ("healthy", set()))
        (load / "efa.conf").unlink()
        (load / "efa.conf").symlink_to("/dev/null")
        self.assertEqual(self.judged(),
                         ("unhealthy", {("kernel.modules-disabled", f"kernel {KERNEL}")}))
        shutil.rmtree(load)
        load.symlink_to("modules-load.d")
        self.assertEqual(self.judged(), ("unknown", set()))
        write(self.root / "etc/sysctl.d/50-hard.conf", "# not here\n")
        self.assertEqual(self.judged(), ("healthy", set()))

    def test_no_command_is_for_the_machine_that_looks(self):
        write(self.root / "usr/lib/sysctl.d/50-hard.conf", "kernel.modules_disabled = 1\n")
        shutil.rmtree(self.root / "etc/modules-load.d")
        write(self.root / "etc/modules-load.d/efa_nv_peermem.conf", "nvidia\n")
        failing = [finding for finding in self.report_of(self.check("--format", "json"))["findings"]
                   if finding["result"] == "fail"]
        self.assertLessEqual({"kernel.modules-disabled", "software.peermem-without-gpu"},
                             {finding["code"] for finding in failing})
        self.assertEqual([finding["remedy"] for finding in failing if finding["remedy"].get("command")], [])

    def test_what_is_loaded_for_gpus_needs_a_module_of_nvidia(self):
        write(self.root / "etc/modules-load.d/efa_nv_peermem.conf", "nvidia\n")
        code = "software.peermem-without-gpu"
        report = self.report_of(self.check("--format", "json"))
        self.assertEqual([finding["subject"] for finding in self.findings(report, code)],
                         [f"kernel {KERNEL}"])
        self.assertEqual(report["verdict"], "healthy")
        with (self.modules / KERNEL / "modules.dep").open("a") as index:
            index.write("updates/dkms/nvidia.ko.xz:\n")
        report = self.report_of(self.check("--format", "json"))
        self.assertEqual(len(self.findings(report, code, "unknown")), 1, "its nodes are not known")

    def enable_slurmd(self):
        """With a limit that is too low."""
        write(self.root / "usr/lib/systemd/system/slurmd.service", "[Service]\nLimitMEMLOCK=64K\n")
        wants = self.root / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True, exist_ok=True)
        (wants / "slurmd.service").symlink_to("/usr/lib/systemd/system/slurmd.service")

    def test_a_low_limit_is_a_warning(self):
        self.enable_slurmd()
        verdict, failing = self.judged()
        self.assertEqual(verdict, "degraded")
        self.assertEqual({code for code, _ in failing}, {"limits.memlock-low"})

    def test_an_index_that_cannot_be_read_is_unknown(self):
        (self.modules / KERNEL / "modules.dep").unlink()
        (self.modules / KERNEL / "modules.dep").mkdir()
        self.assertEqual(self.judged()[0], "unknown")

    def test_no_kernel_is_unknown(self):
        (self.modules / KERNEL / "modules.builtin").unlink()
        run = self.check()
        self.assertEqual(run.returncode, 3)
        self.assertIn("no kernel was found in /lib/modules", run.stdout)

    def test_the_running_system_is_an_image_too(self):
        run = self.efa_doctor("image-check", "--format", "json")
        report = self.report_of(run)
        self.assert_valid(report)
        self.assertEqual(report["devices"], [])
        self.assertTrue(any(finding["code"].startswith(("fabric.", "verbs."))
                            for finding in report["findings"]))

    def test_what_users_are_shown_stops_a_bad_image(self):
        shown = "".join(page.read_text() for page in handbook())
        codes, = re.findall(r"valid_exit_codes = (.*)", shown)
        self.assertEqual(json.loads(codes), [VERDICTS["healthy"], VERDICTS["degraded"]])
        command, = re.findall(r"^    sudo (efa-doctor image-check --root .*)$", shown, re.M)
        command = command.replace("efa-doctor", f"{EFA_DOCTOR} --config {self.config}", 1)
        command = command.replace("/mnt", str(self.root))

        def passes():
            return subprocess.run(command, shell=True, stdout=subprocess.DEVNULL, timeout=60).returncode == 0

        self.assertTrue(passes())
        self.enable_slurmd()
        self.assertTrue(passes(), "a warning")
        write(self.root / "etc/modprobe.d/x.conf", "blacklist efa\n")
        self.assertFalse(passes())
        shutil.rmtree(self.root)
        self.assertFalse(passes())

    def test_nothing_is_left_behind(self):
        self.check()
        self.assertFalse(self.state.exists())
        self.assertFalse(self.run_directory.exists())

    def test_a_root_that_is_none_is_refused(self):
        run = self.efa_doctor("image-check", "--root", self.directory / "none")
        self.assertEqual(run.returncode, USAGE)


if __name__ == "__main__":
    unittest.main()
