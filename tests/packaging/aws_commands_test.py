"""Each `aws` command that a user is shown, through the AWS CLI's own parser and the service's own
description of its requests. None is sent."""

import contextlib
import io
import os
import pathlib
import re
import shlex
import shutil
import socket
import sys
import unittest
from unittest import mock

try:
    from awscli.botocore.exceptions import ParamValidationError
    from awscli.botocore.validate import ParamValidator
    from awscli.clidriver import CLIOperationCaller, create_clidriver
    from awscli.customizations.s3.subcommands import CommandArchitecture
except ImportError:
    create_clidriver = None

from efa_doctor import EFA_DOCTOR, SOURCE, Case

SKIPPED = 77
COMMAND = re.compile(r"(?<![\w./:-])aws +[a-z0-9-]+ +[a-z0-9-]+.*")
LITERALS = re.compile(r'"aws +[a-z0-9-]+ +[a-z0-9-]+ ?(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*')
# What stands for a variable of the shell or a word to be filled in, and for what a command prints
WORDS = {"$1": "s3://my-bucket/config.toml", "$2": "/run/config.toml", "$GROUP_ID": "sg-a",
         "ID": "00000000-0000-0000-0000-000000000000"}
PRINTED = "deb"
# what fmt puts into authorize-security-group-{}{}, and then ShellCommand
HOLES, GROUP = ("egress", " --region eu-west-1"), "sg-a"


def commands_in(text):
    """Those of a document or a script, each on one line, also of its comments."""
    text = re.sub(r"(?m)^\s*# ?", "", text).replace("\\\n", " ")
    return COMMAND.findall(text)


def commands_of_source(text):
    """Those that C++ has as literals, with the holes of their formats filled."""
    for literals in LITERALS.findall(text):
        parts = re.findall(r'"((?:[^"\\]|\\.)*)"', literals)
        command = "".join(parts).replace('\\"', '"')
        if "{{" in command:
            for word in HOLES:
                command = re.sub(r"(?<!\{)\{\}", word, command, count=1)
            command = command.replace("{{", "{").replace("}}", "}").replace("{}", GROUP)
        yield command + GROUP if command.endswith("=") else command


def words_of(command):
    """The arguments of aws: what follows a pipe, a list or a redirection is another's."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.commenters = ""
    lexer.whitespace_split = True
    words = []
    for word in lexer:
        if word[0] in "|&;<>()":
            break
        word = re.sub(r"\$\(.*?\)", PRINTED, word)
        words.append(re.sub(r"\$\w+|^ID$", lambda name: WORDS[name.group()], word))
    return words[1:]


def judge_request(caller, service, operation, parameters, _globals):
    """In place of sending it."""
    model = caller._session.get_service_model(service).operation_model(operation)
    tokens = {name: "0" * 36 for name in model.idempotent_members}  # as the CLI puts them in
    report = ParamValidator().validate({**tokens, **parameters}, model.input_shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())
    return 0


class AwsCommandsTest(Case):
    def setUp(self):
        super().setUp()
        for folder in ("aws", "athena"):
            for path in (SOURCE / "packaging" / folder).iterdir():
                shutil.copy(path, self.directory)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.directory)  # file://NAME is one of them
        kept = {"PATH": os.environ["PATH"], "HOME": str(self.directory), "AWS_REGION": "eu-west-1",
                "AWS_EC2_METADATA_DISABLED": "true", "LC_ALL": "C.UTF-8",
                "AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}  # which awscli sets on import
        for patch in (mock.patch.dict(os.environ, kept, clear=True),
                      mock.patch.object(CLIOperationCaller, "invoke", judge_request),
                      mock.patch.object(CommandArchitecture, "run", lambda _: 0),
                      mock.patch.object(socket.socket, "connect", side_effect=AssertionError)):
            patch.start()
            self.addCleanup(patch.stop)

    def parse(self, command):
        """The CLI's exit code and what it says."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            try:
                code = create_clidriver().main(words_of(command))
            except SystemExit as stop:
                code = stop.code
        return code, said.getvalue()

    def check(self, commands, at_least):
        commands = sorted(set(commands))
        print(f"{len(commands)} commands", flush=True)
        self.assertGreaterEqual(len(commands), at_least)
        for command in commands:
            with self.subTest(command):
                code, said = self.parse(command)
                self.assertEqual(code, 0, said)

    def test_those_of_documents_and_scripts(self):
        paths = [SOURCE / "README.md", *(pathlib.Path(EFA_DOCTOR).parent / "manual").glob("*.[15]")]
        for folder in ("packaging", "systemd"):
            paths += [path for path in (SOURCE / folder).rglob("*") if path.is_file()]
        found = [command for path in paths for command in commands_in(path.read_text())]
        self.check(found, at_least=14)

    def test_those_of_the_remedies_as_they_are_explained(self):
        codes = [line.split()[0] for line in self.efa_doctor("list-checks").stdout.splitlines()]
        explained = [self.efa_doctor("explain", code).stdout for code in codes]
        self.check(commands_in("\n".join(explained)), at_least=4)

    def test_those_that_are_made_when_something_is_found(self):
        sources = [path for folder in ("probes", "agent") for end in ("h", "cpp")
                   for path in (SOURCE / folder).rglob("*." + end)]
        found = [command for path in sources for command in commands_of_source(path.read_text())]
        self.assertTrue([command for command in found if "authorize-security-group-egress" in command])
        self.check(found, at_least=7)

    def test_a_wrong_command_is_refused(self):
        for command, why in {
                "ec2 describe-instance --instance-ids i-0abc": "Invalid choice",
                "ec2 describe-instances --instances i-0abc": "Unknown options: --instances",
                "ec2 describe-instances --instance-ids i-0abc --query 'Reservations[].['": "--query",
                "ec2 describe-security-group-rules --filters Name=a,Value=b": "Unknown parameter",
                "ec2 modify-instance-metadata-options --http-endpoint enabled": "--instance-id",
                "iam put-role-policy --role-name r --policy-name p --policy-document file://none.json":
                    "none.json",
                "s3 cp --quite s3://my-bucket/a /run/": "Unknown options: --quite",
                "s3 cp /run/a /run/b": "Invalid argument type",
                "ssm list-command-invocations --command-id 1": "Invalid length",
                "ssm send-command --targets Key=tag:Fleet,Values=train": "--document-name"}.items():
            with self.subTest(command):
                code, said = self.parse("aws " + command)
                self.assertNotEqual(code, 0)
                self.assertIn(why, said)

    def test_only_the_words_of_aws_are_taken(self):
        self.assertEqual(words_of("aws s3 cp s3://b/k - | gunzip | jq .summary"), ["s3", "cp", "s3://b/k", "-"])
        self.assertEqual(words_of('aws s3 cp --only-show-errors "$1" "$2" ;;')[-1], WORDS["$2"])
        self.assertEqual(words_of('aws s3 cp "s3://b/x.$(a > /dev/null && echo b)" /run/')[2:],
                         ["s3://b/x.deb", "/run/"])
        self.assertEqual(commands_in("#   aws ssm x --a b \\\n#     --c d\n"), ["aws ssm x --a b      --c d"])


if __name__ == "__main__":
    if create_clidriver is None:
        print("skipped: not installed: awscli")
        sys.exit(SKIPPED)
    unittest.main()
