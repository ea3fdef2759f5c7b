"""What is handed to AWS: each file is of its kind, and the shell in it does what it says."""

import json
import re
import subprocess
import unittest

import yaml

from efa_doctor import SOURCE, Case, write
from fake_probes import DONE, saying

AWS = SOURCE / "packaging/aws"
FAILED = "failed to run commands: exit status 2"  # the standard error of a command that ends so
CAPACITIES = (2_400, 2_500)  # MaximumPluginOutputSize of older and newer agents


def load(name):
    text = (AWS / name).read_text()
    return json.loads(text) if name.endswith(".json") else yaml.safe_load(text)


def image_builder_install():
    steps = load("image-builder.yaml")["phases"][0]["steps"]
    install, = (step for step in steps if step["name"] == "Install")
    return "\n".join(install["inputs"]["commands"])


def kept_by_agent(stdout, stderr, capacity):
    """Of a command, as amazon-ssm-agent does it (iohandler.go, TruncateOutput)."""
    out, error = stdout.encode(), stderr.encode()
    title = b"\n----------ERROR-------\n" if error else b""
    cut_out, cut_error = b"\n---Output truncated---", b"\n---Error truncated----"
    space = capacity - len(title)
    if len(out) + len(error) < space:
        kept = out + title + error
    elif len(out) > space // 2 and len(error) > space // 2:
        half = (space - len(cut_error) - len(cut_out)) // 2
        kept = out[:half] + cut_out + title + error[:half] + cut_error
    elif len(out) < space // 2:
        kept = out + title + error[:space - len(cut_error) - len(out)] + cut_error
    else:
        kept = out[:space - len(cut_out) - len(error)] + cut_out + title + error
    return kept.decode(errors="replace")


class Sandbox(Case):
    """Programs that write down how they were called."""

    def setUp(self):
        super().setUp()
        self.programs = self.directory / "bin"
        self.calls = self.directory / "calls"
        self.calls.write_text("")

    def provide(self, *names, code=0, says=""):
        for name in names:
            write(self.programs / name, f'#!/bin/sh\necho "{name} $*" >> {self.calls}\n'
                  f"printf '%s' '{says}'\nexit {code}\n", 0o755)

    def run_shell(self, script):
        (self.programs / "sh").parent.mkdir(exist_ok=True)
        return subprocess.run(["/bin/sh", "-c", script], text=True, timeout=60, env={
            "PATH": f"{self.programs}"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def provide_apt_get_with_a_broken_source(self):
        write(self.programs / "apt-get", f'#!/bin/sh\necho "apt-get $*" >> {self.calls}\n'
              '[ "$1" != update ] || exit 100\n', 0o755)

    def forget(self):
        self.calls.write_text("")
        for program in self.programs.glob("*"):
            program.unlink()

    def called(self):
        return self.calls.read_text().splitlines()

    def check_shell(self, script):
        run = subprocess.run(["shellcheck", "-s", "sh", "-"], input=script, text=True, timeout=60,
                             stdout=subprocess.PIPE)
        self.assertEqual(run.stdout, "")


class SsmTest(Sandbox):
    def setUp(self):
        super().setUp()
        self.document = load("ssm-document.yaml")
        self.step, = self.document["mainSteps"]

    def run_document(self, expect="auto"):
        commands = "\n".join(self.step["inputs"]["runCommand"])
        return self.run_shell(commands.replace("{{ Expect }}", expect))

    def test_it_is_a_document_of_schema_2_2(self):
        self.assertEqual(self.document["schemaVersion"], "2.2")
        self.assertLessEqual(set(self.document), {"schemaVersion", "description", "parameters", "mainSteps"})
        self.assertEqual(self.step["action"], "aws:runShellScript")
        self.assertEqual(self.step["precondition"], {"StringEquals": ["platformType", "Linux"]})
        used = set(re.findall(r"\{\{ *(\w+) *\}\}", json.dumps(self.step)))
        self.assertEqual(used, set(self.document["parameters"]))

    def test_the_exit_code_is_that_of_the_verdict(self):
        for code in (0, 1, 2, 3):
            self.provide("efa-doctor", code=code, says="verdict")
            run = self.run_document()
            self.assertEqual((run.returncode, run.stdout), (code, "verdict"))
        self.assertEqual(self.called()[-1], "efa-doctor --once --expect auto")

    def test_a_node_without_efa_doctor_says_so(self):
        run = self.run_document()
        self.assertEqual((run.returncode, run.stdout), (127, "efa-doctor is not installed\n"))

    def test_no_parameter_reaches_the_shell(self):
        pattern = self.document["parameters"]["Expect"]["allowedPattern"]
        for good in ("auto", "none", "max", "0", "32"):
            self.assertTrue(re.search(pattern, good))
        for bad in ("'; id; '", "$(id)", "4 4", "auto'", "", "100", "auto;id"):
            self.assertFalse(re.search(pattern, bad), bad)

    def assert_kept_whole(self, text):
        for capacity in CAPACITIES:
            kept = kept_by_agent(text, FAILED, capacity)
            self.assertEqual(kept, f"{text}\n----------ERROR-------\n{FAILED}", capacity)

    def test_the_text_fits_into_what_list_command_invocations_keeps(self):
        run = self.once("--sysroot", self.synthetic_node("p5.48xlarge"), "--expect", "40")
        self.assertEqual((run.returncode, run.stderr), (2, ""))
        self.assertTrue(run.stdout.startswith("UNHEALTHY  "))
        self.assert_kept_whole(run.stdout)

    def test_so_does_the_text_of_more_faults_than_it_can_tell(self):
        findings = [{"code": f"site.fault-{n}", "result": "fail", "severity": "critical", "message": "broken " * 9,
                     "remedy": "Look at it. " * 20} for n in range(40)]
        write(self.site_probes / "faults", saying(*(json.dumps({"finding": one}) for one in findings), DONE), 0o755)
        run = self.once("--no-deliver")
        self.assertEqual((run.returncode, run.stderr), (2, ""))
        self.assertGreater(len(run.stdout), 2_000)
        self.assert_kept_whole(run.stdout)

    def test_texts_that_people_read_are_kept_whole(self):
        texts = [path for path in (SOURCE / "tests/agent/texts").glob("*.txt") if "topology" not in path.name]
        self.assertGreater(len(texts), 10)
        for path in texts:
            with self.subTest(path.name):
                self.assert_kept_whole(path.read_text())

    def test_an_agent_cuts_what_is_longer(self):
        for size, capacity, whole in ((2_338, 2_400, True), (2_339, 2_400, False), (2_438, 2_500, True),
                                      (2_439, 2_500, False)):
            kept = kept_by_agent("x" * size, FAILED, capacity)
            self.assertEqual((kept.count("x") == size + FAILED.count("x"), "truncated" in kept), (whole, not whole))
            self.assertTrue(kept.endswith(FAILED))


class UserDataTest(Sandbox):
    def install(self, *managers):
        self.provide("aws", "systemctl", *managers)
        return self.run_user_data()

    def run_user_data(self):
        config = self.directory / "config.toml"
        script = (AWS / "user-data.sh").read_text().replace("/etc/efa-doctor/config.toml", str(config))
        run = self.run_shell(script)
        self.assertEqual(run.returncode, 0, run.stdout)
        return config

    def test_it_installs_configures_and_starts(self):
        for manager, kind, options in (("apt-get", "deb", "--no-install-recommends "), ("dnf", "rpm", ""),
                                       ("yum", "rpm", "")):
            self.forget()
            config = self.install(manager)
            self.assertIn(f"{manager} install -y {options}/run/efa-doctor.{kind}", self.called())
            self.assertEqual(self.called()[0], f"aws s3 cp s3://my-bucket/packages/efa-doctor.{kind} /run/")
            self.assertEqual(self.called()[-2:], ["systemctl enable efa-doctor.service",
                                                  "systemctl restart efa-doctor.service"])
            self.config = config
            self.assertEqual(self.efa_doctor("config-check").returncode, 0)

    def test_dnf_comes_before_yum(self):
        self.install("dnf", "yum")
        self.assertIn("dnf install -y /run/efa-doctor.rpm", self.called())

    def test_lists_that_cannot_be_had_do_not_end_it(self):
        for script in (None, "\n".join(load("cloud-init.yaml")["runcmd"]), image_builder_install()):
            self.forget()
            self.provide("aws", "systemctl", "install", "mv")
            self.provide_apt_get_with_a_broken_source()
            if script is None:
                self.run_user_data()
            else:
                run = self.run_shell(script)
                self.assertEqual(run.returncode, 0, run.stdout)
            asked = [line for line in self.called() if line.startswith("apt-get")]
            self.assertEqual(asked, ["apt-get update",
                                     "apt-get install -y --no-install-recommends /run/efa-doctor.deb"])
            self.assertTrue(self.called()[-1].startswith("systemctl "), "it goes on")

    def test_a_package_that_does_not_install_ends_it(self):
        for manager in ("apt-get", "dnf", "yum"):
            self.forget()
            self.provide("aws", "systemctl")
            self.provide(manager, code=1)
            self.assertNotEqual(self.run_shell((AWS / "user-data.sh").read_text()).returncode, 0)
            self.assertFalse(any(line.startswith("systemctl") for line in self.called()))

    def test_cloud_init_does_the_same(self):
        script = "\n".join(load("cloud-init.yaml")["runcmd"])  # as cloud-init puts it into a file
        self.check_shell(script)
        for manager in ("apt-get", "dnf", "yum"):
            with self.subTest(manager):
                self.forget()
                self.install(manager)
                wanted = self.called()
                self.calls.write_text("")
                self.provide("install")  # of the configuration, which user-data.sh prints
                run = self.run_shell(script)
                self.assertEqual(run.returncode, 0, run.stdout)
                config = "install -m 0644 /run/efa-doctor.toml /etc/efa-doctor/config.toml"
                self.assertEqual(self.called(), [*wanted[:-2], config, *wanted[-2:]])

    def test_a_package_that_cannot_be_had_ends_it(self):
        self.provide("apt-get", "systemctl")
        self.provide("aws", code=1)
        self.assertNotEqual(self.run_shell((AWS / "user-data.sh").read_text()).returncode, 0)
        self.assertEqual(len(self.called()), 1)

    def test_cloud_init_writes_a_right_configuration(self):
        self.assertTrue((AWS / "cloud-init.yaml").read_text().startswith("#cloud-config\n"))
        part = load("cloud-init.yaml")
        self.assertEqual(set(part), {"write_files", "runcmd"})
        self.config = write(self.directory / "c.toml", part["write_files"][0]["content"])
        self.assertEqual(self.efa_doctor("config-check").returncode, 0)
        self.assertIn(part["write_files"][0]["path"], " ".join(part["runcmd"]))


class PolicyTest(Sandbox):
    def test_policies_allow_what_is_used_and_no_more(self):
        actions = {}
        for name in ("iam-s3.json", "iam-describe.json", "iam-read-reports.json"):
            policy = load(name)
            self.assertEqual(policy["Version"], "2012-10-17")
            for statement in policy["Statement"]:
                self.assertEqual(statement["Effect"], "Allow")
                listed = statement["Action"]
                for action in [listed] if isinstance(listed, str) else listed:
                    actions[action] = statement["Resource"]
        self.assertEqual(actions.pop("s3:PutObject"), "arn:aws:s3:::my-bucket/efa/*")
        self.assertTrue(actions.pop("kms:GenerateDataKey").startswith("arn:aws:kms:"))
        self.assertEqual(set(actions), self.asked_for())
        self.assertTrue(all(action.split(":")[1].startswith(("Describe", "Get", "List", "Simulate"))
                            for action in actions), actions)

    def test_a_node_may_fetch_the_package_and_nothing_else(self):
        statement, = load("iam-packages.json")["Statement"]
        self.assertEqual((statement["Effect"], statement["Action"]), ("Allow", "s3:GetObject"))
        below = statement["Resource"].removeprefix("arn:aws:s3:::").removesuffix("*")
        for name in ("user-data.sh", "cloud-init.yaml"):
            text = (AWS / name).read_text()
            self.assertIn(f"s3://{below}", text, name)
            for place in re.findall(r"s3://my-bucket/(?!efa)\S*", text):
                self.assertTrue(place.startswith(f"s3://{below}"), f"{name}: {place}")

    @staticmethod
    def asked_for():
        """The actions of probe-account; who may ask it STS tells everybody."""
        sources = "".join(path.read_text() for path in SOURCE.glob("probes/account/*.cpp"))
        calls = re.findall(r'\bk(Ec2|Iam|S3|Ssm), "(\w+)"', sources)
        return {f"{service.lower()}:{action}" for service, action in calls}

    def test_the_component_of_image_builder_installs_with_yum_too(self):
        self.provide("mv", "yum", "systemctl")
        run = self.run_shell(image_builder_install())
        self.assertEqual(run.returncode, 0, run.stdout)
        self.assertEqual(self.called()[1:], ["yum install -y /run/efa-doctor.rpm", "systemctl enable efa-doctor.service"])

    def test_the_component_of_image_builder(self):
        component = load("image-builder.yaml")
        self.assertEqual(component["schemaVersion"], 1.0)
        self.assertEqual([phase["name"] for phase in component["phases"]], ["build", "validate", "test"])
        for phase in component["phases"]:
            for step in phase["steps"]:
                self.assertIn(step["action"], ("ExecuteBash", "S3Download"))
                if step["action"] == "ExecuteBash":
                    self.check_shell("\n".join(step["inputs"]["commands"]))

    def test_scripts_are_clean(self):
        self.check_shell((AWS / "user-data.sh").read_text())
        self.check_shell("\n".join(load("ssm-document.yaml")["mainSteps"][0]["inputs"]["runCommand"]))


if __name__ == "__main__":
    unittest.main()
