"""YAML that AWS reads: its keys are ones that the reader knows, so that a misspelt one is seen here.

Each table names what it was taken from. What a reader allows and these files have no use for may be
left out of a table: it is added together with its first use.
"""

import unittest

import jsonschema
import yaml

from efa_doctor import SOURCE

ANY, TEXT = {}, {"type": "string"}


def one_of(*words):
    return {"enum": list(words)}


def listed(item):
    return {"type": "array", "minItems": 1, "items": item}


def keys(required, **known):
    return {"type": "object", "required": required.split(), "properties": known, "additionalProperties": False}


# aws/aws-parallelcluster@451cc5320d5d, cli/src/pcluster/schemas/cluster_schema.py: SchedulingSchema,
# SlurmSettingsSchema, SlurmQueueSchema with its bases, QueueCustomActionsSchema (a Script or a
# Sequence of them), QueueIamSchema, S3AccessSchema; the names are in PascalCase in a configuration.
SCRIPT = keys("Script", Script=TEXT, Args=listed(TEXT))
ACTION = {"anyOf": [SCRIPT, keys("Sequence", Sequence=listed(SCRIPT))]}
CLUSTER = keys("Scheduling", Scheduling=keys(
    "Scheduler SlurmQueues", Scheduler=one_of("slurm"), ScalingStrategy=TEXT,
    SlurmSettings=keys(
        "", ScaledownIdletime=ANY, Dns=ANY, QueueUpdateStrategy=ANY, EnableMemoryBasedScheduling=ANY,
        Database=ANY, CustomSlurmSettings=listed({"type": "object"}), CustomSlurmSettingsIncludeFile=TEXT,
        MungeKeySecretArn=TEXT, ExternalSlurmdbd=ANY),
    SlurmQueues=listed(keys(
        "Name", Name=TEXT, CapacityType=ANY, ComputeSettings=ANY, Image=ANY, CapacityReservationTarget=ANY,
        AllocationStrategy=ANY, ComputeResources=ANY, Networking=ANY, HealthChecks=ANY,
        CustomSlurmSettings=ANY, Tags=ANY, JobExclusiveAllocation=ANY,
        CustomActions=keys("", OnNodeStart=ACTION, OnNodeConfigured=ACTION),
        Iam=keys("", InstanceRole=TEXT, InstanceProfile=TEXT, AdditionalIamPolicies=ANY,
                 S3Access=listed(keys("BucketName", BucketName=TEXT, KeyName=TEXT,
                                      EnableWriteAccess={"type": "boolean"})))))))

# What CustomSlurmSettings may not set for the whole cluster, in any case of letters: the same
# repository, cli/src/pcluster/validators/slurm_settings_validator.py, alike at 451cc5320d5d and at
# 07c0158a80dc. The last five only where there is accounting.
DENIED = set("""
    prolog epilog taskplugin grestypes launchparameters reconfigflags treewidth slurmuser
    slurmctldhost slurmctldparameters slurmctldlogfile slurmdlogfile
    resumeprogram resumefailprogram resumetimeout suspendprogram suspendtime suspendexcnodes
    accountingstoragetype accountingstoragehost accountingstorageport accountingstorageuser jobacctgathertype
    """.split())
# SchedMD/slurm@5f7526a4898c (slurm-22.05), src/common/read_config.c, and its health_check_node_state
SLURM = keys("", HealthCheckProgram={"type": "string", "pattern": "^/"}, HealthCheckInterval={"type": "integer"},
             HealthCheckNodeState=one_of("ALLOC", "ANY", "CYCLE", "IDLE", "MIXED"))

# aws/amazon-ssm-agent@1c217c89b42d: agent/contracts/model.go (DocumentContent, Parameter,
# InstancePluginConfig), agent/plugins/runscript/runscript.go (RunScriptPluginInput). Of schema 2.2,
# so no runtimeConfig, which is that of 1.2 (Systems Manager User Guide, "Schemas, features").
SSM = keys(
    "schemaVersion mainSteps", schemaVersion=one_of("2.2"), description=TEXT,
    parameters={"type": "object", "additionalProperties": keys(
        "type", type=one_of("String", "StringList", "StringMap"), description=TEXT, default=ANY, allowedValues=listed(TEXT), allowedPattern=TEXT, minChars=ANY, maxChars=ANY, minItems=ANY,
        maxItems=ANY)},
    mainSteps=listed(keys(
        "action name inputs", action=one_of("aws:runShellScript"), name=TEXT, maxAttempts=ANY, onFailure=TEXT,
        timeoutSeconds=ANY, precondition=keys("StringEquals", StringEquals=listed(TEXT)),
        inputs=keys("runCommand", runCommand=listed(TEXT), workingDirectory=TEXT, timeoutSeconds=TEXT))))

# awsdocs/ec2-image-builder-user-guide@050ec06be0a3, doc_source/toe-use-documents.md (document, phase,
# step) and @1030a941fe56, toe-action-modules.md (inputs of ExecuteBash and S3Download); parameters
# and what has come since of aws/aws-cdk@02aee1accc0b,
# packages/@aws-cdk/aws-imagebuilder-alpha/lib/component.ts.
def step(action, inputs):
    return keys("name action inputs", name=TEXT, action=one_of(action), timeoutSeconds={"type": "integer"},
                onFailure=one_of("Abort", "Continue", "Ignore"), maxAttempts={"type": "integer"}, loop=ANY,
                inputs=inputs, **{"if": ANY})


IMAGE_BUILDER = keys(
    "schemaVersion phases", name=TEXT, description=TEXT, schemaVersion=one_of(1.0, "1.0"), constants=ANY,
    parameters=listed({"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": keys(
        "type", type=one_of("string"), default=TEXT, description=TEXT)}),
    phases=listed(keys("name steps", name=one_of("build", "validate", "test"), steps=listed({"anyOf": [
        step("ExecuteBash", keys("commands", commands=listed(TEXT))),
        step("S3Download", listed(keys("source destination", source=TEXT, destination=TEXT, overwrite=ANY,
                                       expectedBucketOwner=ANY)))]}))))


def wrong_of_schema(schema, document):
    """In words; "" when nothing is."""
    return "\n".join(f"{error.json_path}: {error.message}"
                     for error in jsonschema.Draft202012Validator(schema).iter_errors(document))


def wrong_of_cluster(document):
    wrong = wrong_of_schema(CLUSTER, document)
    if wrong:
        return wrong
    for setting in document["Scheduling"]["SlurmSettings"]["CustomSlurmSettings"]:
        denied = DENIED & {name.lower() for name in setting}
        wrong += f"denied: {denied}" if denied else wrong_of_schema(SLURM, setting)
    return wrong


def wrong_of_ssm(document):
    return wrong_of_schema(SSM, document)


def wrong_of_image_builder(document):
    return wrong_of_schema(IMAGE_BUILDER, document)


class Documents(unittest.TestCase):
    def check(self, path, wrong_of, *changes):
        """The document is as its reader wants it, and with any of these changes it is not."""
        text = (SOURCE / "packaging" / path).read_text()
        self.assertEqual(wrong_of(yaml.safe_load(text)), "")
        for before, after in changes:
            with self.subTest(f"{before} -> {after}"):
                self.assertIn(before, text)
                self.assertNotEqual(wrong_of(yaml.safe_load(text.replace(before, after))), "")

    def test_parallelcluster(self):
        self.check(
            "parallelcluster/cluster-snippet.yaml", wrong_of_cluster,
            ("Scheduling:", "Schedulling:"), ("SlurmQueues:", "SlurmQueue:"), ("- Name: queue1", "- QueueName: queue1"),
            ("CustomActions:", "CustomAction:"), ("OnNodeConfigured:", "OnNodeConfigure:"),
            ("OnNodeConfigured:", "OnNodeUpdated:"),  # of the head node
            ("Script:", "script:"), ("Args:", "Arguments:"), ("Iam:", "IAM:"), ("S3Access:", "S3access:"),
            ("BucketName:", "Bucket:"), ("KeyName:", "Key:"), ("CustomSlurmSettings:", "CustomSlurmSetting:"),
            ("- HealthCheckProgram:", "- Prolog:"), ("- HealthCheckInterval: 60", "- suspendTime: 60"),
            ("- HealthCheckProgram:", "- HealthCheckProgramm:"), ("State: ANY", "State: EVERY"))

    def test_ssm(self):
        self.check(
            "aws/ssm-document.yaml", wrong_of_ssm,
            ('schemaVersion: "2.2"', 'schemaVersion: "1.2"'), ("schemaVersion:", "SchemaVersion:"),
            ("parameters:", "parameter:"), ("type: String", "type: string"), ("allowedPattern:", "pattern:"),
            ("mainSteps:", "steps:"), ("aws:runShellScript\n    name", "aws:runShellscript\n    name"),
            ("name: look", "id: look"), ("precondition:", "preconditions:"), ("StringEquals:", "stringEquals:"),
            ("inputs:", "input:"), ("runCommand:", "runCommands:"), ("timeoutSeconds:", "timeout:"))

    def test_image_builder(self):
        self.check(
            "aws/image-builder.yaml", wrong_of_image_builder,
            ("schemaVersion: 1.0", "schemaVersion: 2.0"), ("description: Installs", "summary: Installs"),
            ("parameters:", "parameter:"), ("type: string", "type: String"), ("phases:", "phase:"),
            ("name: validate", "name: verify"), ("steps:", "step:"), ("action: ExecuteBash", "action: ExecuteSh"),
            ("timeoutSeconds:", "timeout:"), ("inputs:", "input:"), ("commands:", "command:"),
            ("source:", "from:"), ("destination:", "to:"), ("action: S3Download", "action: ExecuteBash"))


if __name__ == "__main__":
    unittest.main()
