"""probe-account against a stand-in for EC2, with botocore as the oracle: of the forms that are
posted, of their signatures, and of what the answers say."""

import json
import os
import pathlib
import resource
import subprocess
import sys
import unittest

from ec2 import Bucket, Ec2, fleet

try:
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
    import botocore.loaders
    import botocore.model
    import botocore.parsers
    import botocore.serialize
except ImportError:
    sys.exit(77)  # skipped

PROBE = pathlib.Path(os.environ["EFA_DOCTOR"]).parent / "libexec/efa-doctor/probe-account"
IS_SANITIZED = b"__asan_init" in PROBE.read_bytes()
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "FwoGZXIvYXdzEXAMPLETOKEN//////////wEaDA=="
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN, "HOME": "/none"}
FLEET = {"filter.1": "tag:Fleet=train one & two"}
ENOUGH_S = 120


def run(ec2, options=None, env=None, region="eu-west-1"):
    options = {"endpoint": ec2.endpoint, **({"region": region} if region else {}),
               **(FLEET if options is None else options)}
    command = [str(PROBE), "--deadline-ms", "60000"]
    for name, value in options.items():
        command += ["--option", f"{name}={value}"]
    # no tracer looks at its memory, not even a sanitizer's
    env = {"ASAN_OPTIONS": "detect_leaks=0", **(KEYS if env is None else env)}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=ENOUGH_S,
                          check=False)


def facts_of(done):
    facts = {}
    for text in done.stdout.splitlines():
        line = json.loads(text)
        if "set" in line:
            facts[line["set"]] = line["value"]
        if "add" in line:
            facts.setdefault(line["add"], []).append(line["value"])
    return facts


def sections(facts):
    return {section["name"]: section["status"] for section in facts["sections"]}


class Oracle:
    """What botocore makes of the same."""

    loader = botocore.loaders.Loader()

    def __init__(self, service):
        self.model = botocore.model.ServiceModel(
            self.loader.load_service_model(service, "service-2"), service)
        self.protocol = self.model.metadata["protocol"]

    def form(self, action, **parameters):
        serializer = botocore.serialize.create_serializer(self.protocol)
        body = serializer.serialize_to_request(parameters, self.model.operation_model(action))["body"]
        return {name: str(value) for name, value in body.items()}

    def parsed(self, action, body):
        parser = botocore.parsers.create_parser(self.protocol)
        return parser.parse({"status_code": 200, "headers": {}, "body": body.encode()},
                            self.model.operation_model(action).output_shape)

    @staticmethod
    def signature(request, url, service):
        """Of a request as it arrived."""
        credentials = botocore.credentials.Credentials("AKIDEXAMPLE", SECRET, TOKEN)
        auth = botocore.auth.SigV4Auth(credentials, service, "eu-west-1")
        signed = {name: value for name, value in request.headers.items()
                  if name.lower() in ("content-type", "host", "x-amz-date", "x-amz-security-token")}
        aws = botocore.awsrequest.AWSRequest("POST", url, headers=signed, data=request.body)
        aws.context["timestamp"] = request.headers["x-amz-date"]
        text = auth.string_to_sign(aws, auth.canonical_request(aws))
        return auth.signature(text, aws)


class Calls(unittest.TestCase):
    def test_forms_are_those_of_botocore(self):
        with Ec2(fleet()) as ec2:
            run(ec2)
        oracle = Oracle("ec2")
        wanted = [
            oracle.form("DescribeInstances", MaxResults=100, Filters=[
                {"Name": "tag:Fleet", "Values": ["train one & two"]},
                {"Name": "instance-state-name", "Values": ["running"]}]),
            Oracle("sts").form("GetCallerIdentity"),
            oracle.form("DescribeSecurityGroupRules", MaxResults=1000, Filters=[
                {"Name": "group-id", "Values": ["sg-a"]}]),
            oracle.form("DescribePlacementGroups", Filters=[
                {"Name": "group-name", "Values": ["train"]}]),
            oracle.form("DescribeInstanceTypes", MaxResults=100, Filters=[
                {"Name": "instance-type", "Values": ["p5.48xlarge"]}]),
            oracle.form("DescribeCapacityReservations", CapacityReservationIds=["cr-1"]),
        ]
        self.assertEqual([request.form for request in ec2.asked], wanted)

    def test_signatures_are_those_of_botocore(self):
        with Ec2(fleet()) as ec2:
            run(ec2)
        for request in ec2.asked:
            service = "sts" if request.action == "GetCallerIdentity" else "ec2"
            self.assertEqual(request.headers["authorization"].split("Signature=")[1],
                             Oracle.signature(request, ec2.endpoint + "/", service), request.action)

    def test_pages_are_asked_for_as_by_botocore(self):
        with Ec2(fleet(instances=25), page_size=10) as ec2:
            facts = facts_of(run(ec2))
        self.assertEqual(len(facts["instances"]), 25)
        pages = [request.form for request in ec2.asked if request.action == "DescribeInstances"]
        self.assertEqual([page.get("NextToken") for page in pages], [None, "10", "20"])

    def test_a_service_that_throttles_is_not_pressed(self):
        with Ec2(fleet(instances=20), page_size=1) as ec2:
            ec2.refuse = Bucket(5, 5).refuse
            facts = facts_of(run(ec2))
        self.assertEqual(set(sections(facts).values()), {"ok"})
        self.assertEqual(len(facts["instances"]), 20)
        self.assertLess(len(ec2.asked), 40)


    def test_a_large_fleet_takes_few_calls_and_little_memory(self):
        with Ec2(fleet(instances=1_000, efa=32)) as ec2:
            ec2.refuse = Bucket(100, 20).refuse
            facts = facts_of(run(ec2))
        self.assertEqual(len(facts["instances"]), 1_000)
        self.assertEqual(len(facts["instances"][-1]["interfaces"]), 33)
        self.assertLessEqual(len(ec2.asked), 25)
        peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.assertTrue(IS_SANITIZED or peak_kib < 64 * 1024, peak_kib)


class Facts(unittest.TestCase):
    def setUp(self):
        with Ec2(fleet()) as ec2:
            self.facts = facts_of(run(ec2))
        self.bodies = ec2.bodies
        self.oracle = Oracle("ec2")

    def parsed(self, action):
        return self.oracle.parsed(action, self.bodies[action])

    def test_instances_are_read_as_by_botocore(self):
        wanted = [one for reservation in self.parsed("DescribeInstances")["Reservations"]
                  for one in reservation["Instances"]]
        self.assertEqual(len(self.facts["instances"]), len(wanted))
        for ours, theirs in zip(self.facts["instances"], wanted):
            self.assertEqual(
                (ours["id"], ours["type"], ours["zone"], ours["tenancy"],
                 ours["placement_group"]["name"], ours["reservation"], ours["root_volume"]),
                (theirs["InstanceId"], theirs["InstanceType"],
                 theirs["Placement"]["AvailabilityZone"], theirs["Placement"]["Tenancy"],
                 theirs["Placement"]["GroupName"], theirs["CapacityReservationId"],
                 theirs["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]))
            for mine, other in zip(ours["interfaces"], theirs["NetworkInterfaces"], strict=True):
                self.assertEqual(
                    (mine["id"], mine["mac"], mine["type"], mine["card"], mine["device"],
                     mine["status"], mine["subnet"], mine["vpc"], mine["groups"]),
                    (other["NetworkInterfaceId"], other["MacAddress"], other["InterfaceType"],
                     other["Attachment"]["NetworkCardIndex"], other["Attachment"]["DeviceIndex"],
                     other["Attachment"]["Status"], other["SubnetId"], other["VpcId"],
                     [group["GroupId"] for group in other["Groups"]]))

    def test_rules_are_read_as_by_botocore(self):
        wanted = self.parsed("DescribeSecurityGroupRules")["SecurityGroupRules"]
        ours = self.facts["groups"][0]["rules"]
        self.assertTrue(self.facts["groups"][0]["complete"])
        for mine, other in zip(ours, wanted, strict=True):
            self.assertEqual(
                (mine["egress"], mine["protocol"], mine["from"], mine["to"], mine.get("cidr4"),
                 mine.get("prefix_list"), mine.get("peer", {}).get("id")),
                (other["IsEgress"], other["IpProtocol"], other["FromPort"], other["ToPort"],
                 other.get("CidrIpv4"), other.get("PrefixListId"),
                 other.get("ReferencedGroupInfo", {}).get("GroupId")))

    def test_the_other_kinds_are_read_as_by_botocore(self):
        group = self.parsed("DescribePlacementGroups")["PlacementGroups"][0]
        self.assertEqual(self.facts["placement_groups"],
                         [{"name": group["GroupName"], "strategy": group["Strategy"],
                           "state": group["State"]}])
        kind = self.parsed("DescribeInstanceTypes")["InstanceTypes"][0]
        self.assertEqual(self.facts["types"],
                         [{"name": kind["InstanceType"], "efa": kind["NetworkInfo"]["EfaSupported"],
                           "most_efa": kind["NetworkInfo"]["EfaInfo"]["MaximumEfaInterfaces"],
                           "cards": kind["NetworkInfo"]["MaximumNetworkCards"]}])
        reservation = self.parsed("DescribeCapacityReservations")["CapacityReservations"][0]
        ours = self.facts["reservations"][0]
        self.assertEqual((ours["id"], ours["state"], ours["ends_ms"]),
                         (reservation["CapacityReservationId"], reservation["State"],
                          int(reservation["EndDate"].timestamp() * 1000)))
        self.assertEqual(self.facts["caller"]["account"], "111122223333")

    def test_descriptions_are_not_kept(self):
        self.assertNotIn("of somebody", json.dumps(self.facts))


class Refusals(unittest.TestCase):
    def test_each_kind_denied_alone_leaves_the_others(self):
        names = {"DescribeSecurityGroupRules": "rules", "DescribeInstanceTypes": "types",
                 "DescribePlacementGroups": "placement_groups",
                 "DescribeCapacityReservations": "reservations", "DescribeInstances": "instances"}
        for action, name in names.items():
            with Ec2(fleet()) as ec2:
                ec2.refuse = lambda request, _, denied=action: (
                    (403, "UnauthorizedOperation") if request.action == denied else None)
                found = sections(facts_of(run(ec2)))
            self.assertEqual(found.pop(name), "denied")
            self.assertEqual(set(found.values()), set() if name == "instances" else {"ok"}, name)

    def test_keys_that_are_not_taken_are_told_once(self):
        with Ec2(fleet()) as ec2:
            ec2.refuse = lambda *_: (401, "AuthFailure")
            facts = facts_of(run(ec2))
        self.assertEqual(facts["sections"], [
            {"name": "instances", "status": "failed", "error_code": "AuthFailure",
             "words": "DescribeInstances: AuthFailure words"}])

    def test_no_key_is_in_any_output(self):
        for refusal in (None, (401, "AuthFailure"), (403, "UnauthorizedOperation")):
            with Ec2(fleet()) as ec2:
                ec2.refuse = lambda *_, answer=refusal: answer
                done = run(ec2)
            for secret in (SECRET, TOKEN, "AKIDEXAMPLE"):
                self.assertNotIn(secret, done.stdout + done.stderr)

    def test_without_keys_or_a_region_nothing_is_asked(self):
        with Ec2(fleet()) as ec2:
            keyless = facts_of(run(ec2, env={"HOME": "/none", "AWS_EC2_METADATA_DISABLED": "true"}))
            nowhere = facts_of(run(ec2, region="", env={
                **KEYS, "AWS_EC2_METADATA_DISABLED": "true"}))
        self.assertEqual(ec2.asked, [])
        self.assertIn("none in the environment", keyless["sections"][0]["words"])
        self.assertIn("the region: is named by", nowhere["sections"][0]["words"])

    def test_what_names_no_fleet_asks_for_none(self):
        with Ec2(fleet()) as ec2:
            for options in ({}, {"id.1": "all"}, {"id.1": "i-1", "id.2": "i-1; x"},
                            {"filter.1": "train"}, {**FLEET, "region": "evil.example/"},
                            {**FLEET, "endpoint": "http://user:password@127.0.0.1/"}):
                done = run(ec2, options=options)
                found = facts_of(done)["sections"]
                self.assertEqual([section["status"] for section in found], ["failed"], options)
                self.assertNotIn("password", done.stdout + done.stderr)
        self.assertEqual(ec2.asked, [])


if __name__ == "__main__":
    unittest.main()
