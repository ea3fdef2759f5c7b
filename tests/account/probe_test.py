"""probe-account against a stand-in for EC2, SSM, IAM and STS, with botocore as the oracle: of the
forms and the JSON that are posted, of their signatures, and of what the answers say."""

import json
import os
import pathlib
import subprocess
import sys
import unittest

from ec2 import PROFILE, ROLE, Bucket, Ec2, fleet
from http_service import endless, say

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
SECTIONS = {"instances": "DescribeInstances", "rules": "DescribeSecurityGroupRules",
            "placement_groups": "DescribePlacementGroups", "types": "DescribeInstanceTypes",
            "reservations": "DescribeCapacityReservations", "volumes": "DescribeVolumes",
            "managed": "DescribeInstanceInformation", "profiles": "GetInstanceProfile",
            "sessions": "GetDocument", "rights": "SimulatePrincipalPolicy"}
# what is not asked for after one that did not come
HANG_ON = {"instances": set(SECTIONS), "profiles": {"profiles", "sessions", "rights"}}


def start(ec2, options=None, env=None, region="eu-west-1"):
    options = {"endpoint": ec2.endpoint, "calls-a-second": "100",
               **({"region": region} if region else {}), **(FLEET if options is None else options)}
    command = [str(PROBE), "--deadline-ms", "60000"]
    for name, value in options.items():
        command += ["--option", f"{name}={value}"]
    # no tracer looks at its memory, not even a sanitizer's
    env = {"ASAN_OPTIONS": "detect_leaks=0", **(KEYS if env is None else env)}
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def run(ec2, options=None, env=None, region="eu-west-1"):
    return end(start(ec2, options, env, region))


def end(process):
    stdout, stderr = process.communicate(timeout=ENOUGH_S)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def peak_kib(process):
    """Of its memory so far; what rusage says of a child begins with what its parent has."""
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


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
        sent = serializer.serialize_to_request(parameters, self.model.operation_model(action))
        if self.protocol == "json":
            return sent["headers"]["X-Amz-Target"], json.loads(sent["body"])
        return {name: str(value) for name, value in sent["body"].items()}

    def parsed(self, action, body):
        parser = botocore.parsers.create_parser(self.protocol)
        return parser.parse({"status_code": 200, "headers": {}, "body": body.encode()},
                            self.model.operation_model(action).output_shape)

    @staticmethod
    def signature(request, url, service):
        """Of a request as it arrived."""
        region = "us-east-1" if service == "iam" else "eu-west-1"
        credentials = botocore.credentials.Credentials("AKIDEXAMPLE", SECRET, TOKEN)
        auth = botocore.auth.SigV4Auth(credentials, service, region)
        signed = {name: value for name, value in request.headers.items()
                  if name.lower() in ("content-type", "host", "x-amz-date", "x-amz-security-token",
                                      "x-amz-target")}
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
            oracle.form("DescribeVolumes", Filters=[
                {"Name": "volume-id", "Values": ["vol-" + "0" * 16 + "1", "vol-" + "0" * 16 + "2"]}]),
            Oracle("ssm").form("DescribeInstanceInformation", MaxResults=50, Filters=[
                {"Key": "InstanceIds", "Values": ["i-" + "0" * 16 + "1", "i-" + "0" * 16 + "2"]}]),
            Oracle("iam").form("GetInstanceProfile", InstanceProfileName="node"),
            Oracle("ssm").form("GetDocument", Name="SSM-SessionManagerRunShell"),
            Oracle("iam").form("SimulatePrincipalPolicy", PolicySourceArn=ROLE, ActionNames=[
                "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel"]),
            Oracle("iam").form("SimulatePrincipalPolicy", PolicySourceArn=ROLE, ActionNames=[
                "logs:CreateLogStream", "logs:PutLogEvents"], ResourceArns=[
                    "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/ssm/sessions:"
                    "log-stream:session"]),
        ]
        sent = [(request.headers["x-amz-target"], request.json) if request.json else request.form
                for request in ec2.asked]
        self.assertEqual(sent, wanted)

    def test_signatures_are_those_of_botocore(self):
        with Ec2(fleet()) as ec2:
            run(ec2)
        for request in ec2.asked:
            self.assertEqual(request.headers["authorization"].split("Signature=")[1],
                             Oracle.signature(request, ec2.endpoint + "/", request.service),
                             request.action)
        self.assertEqual({request.service for request in ec2.asked}, {"ec2", "iam", "ssm", "sts"})

    def test_pages_are_asked_for_as_by_botocore(self):
        with Ec2(fleet(instances=25), page_size=10) as ec2:
            facts = facts_of(run(ec2))
        self.assertEqual(len(facts["instances"]), 25)
        pages = [request.form for request in ec2.asked if request.action == "DescribeInstances"]
        self.assertEqual([page.get("NextToken") for page in pages], [None, "10", "20"])
        self.assertEqual(len(facts["managed"]), 25)
        pages = [request.json for request in ec2.asked
                 if request.action == "DescribeInstanceInformation"]
        self.assertEqual([page.get("NextToken") for page in pages], [None, "10", "20"])

    def test_rights_in_pages_are_asked_for_as_by_botocore(self):
        with Ec2(fleet(), page_size=1) as ec2:
            facts = facts_of(run(ec2))
        self.assertEqual(len(facts["rights"]), 4)
        pages = [request.form for request in ec2.asked
                 if request.action == "SimulatePrincipalPolicy"]
        self.assertEqual([page.get("Marker") for page in pages], [None, "1", None, "1"])
        self.assertEqual(pages[1], Oracle("iam").form(
            "SimulatePrincipalPolicy", PolicySourceArn=ROLE, Marker="1", ActionNames=[
                "ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel"]))

    def test_a_service_that_throttles_is_not_pressed(self):
        with Ec2(fleet(instances=20), page_size=1) as ec2:
            ec2.refuse = Bucket(5, 5).refuse
            facts = facts_of(run(ec2, {**FLEET, "calls-a-second": "5"}))
        self.assertEqual(set(sections(facts).values()), {"ok"})
        self.assertEqual(len(facts["instances"]), 20)
        self.assertLess(len(ec2.asked), 80)

    def test_a_large_fleet_takes_few_calls_and_little_memory(self):
        with Ec2(fleet(instances=1_000, efa=32)) as ec2:
            bucket = Bucket(100, 20)
            peaks = []

            def look_and_refuse(request, number):
                peaks.append(peak_kib(process))  # it waits for this answer
                return bucket.refuse(request, number)

            ec2.refuse = lambda *_: (503, "Unavailable")  # until it is known which process asks
            process = start(ec2, {**FLEET, "calls-a-second": "5"})
            ec2.refuse = look_and_refuse
            facts = facts_of(end(process))
        self.assertEqual(len(facts["instances"]), 1_000)
        self.assertEqual(len(facts["instances"][-1]["interfaces"]), 33)
        self.assertLessEqual(len(ec2.asked), 46)
        self.assertTrue(IS_SANITIZED or max(peaks) < 64 * 1024, max(peaks))


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

    def test_what_instances_were_launched_as_is_read_as_by_botocore(self):
        theirs = self.parsed("DescribeInstances")["Reservations"][0]["Instances"][0]
        ours = self.facts["instances"][0]
        options = theirs["MetadataOptions"]
        target = theirs["CapacityReservationSpecification"]["CapacityReservationTarget"]
        self.assertEqual(
            (ours["profile_arn"], ours["imds_enabled"], ours["imds_tokens"], ours["imds_hop_limit"],
             ours["reservation_wanted"], ours["state"]),
            (theirs["IamInstanceProfile"]["Arn"], options["HttpEndpoint"] == "enabled",
             options["HttpTokens"], options["HttpPutResponseHopLimit"],
             target["CapacityReservationId"], theirs["State"]["Name"]))

    def test_volumes_are_read_as_by_botocore(self):
        self.assertEqual(self.facts["volumes"], [
            {"id": volume["VolumeId"], "size_gib": volume["Size"], "encrypted": volume["Encrypted"],
             "kind": volume["VolumeType"]} for volume in self.parsed("DescribeVolumes")["Volumes"]])

    def test_what_ssm_says_is_read_as_by_botocore(self):
        ssm = Oracle("ssm")
        managed = ssm.parsed("DescribeInstanceInformation",
                             self.bodies["DescribeInstanceInformation"])
        self.assertEqual(self.facts["managed"], [
            {"instance": row["InstanceId"], "ping": row["PingStatus"],
             "agent_version": row["AgentVersion"]} for row in managed["InstanceInformationList"]])
        content = ssm.parsed("GetDocument", self.bodies["GetDocument"])["Content"]
        self.assertEqual(self.facts["session_log_group"],
                         json.loads(content)["inputs"]["cloudWatchLogGroupName"])

    def test_what_iam_says_is_read_as_by_botocore(self):
        iam = Oracle("iam")
        profile = iam.parsed("GetInstanceProfile",
                             self.bodies["GetInstanceProfile"])["InstanceProfile"]
        self.assertEqual(self.facts["profiles"], [
            {"arn": profile["Arn"], "exists": True, "role": profile["Roles"][0]["Arn"]}])
        answer = iam.parsed("SimulatePrincipalPolicy", self.bodies["SimulatePrincipalPolicy"])
        self.assertFalse(answer["IsTruncated"])
        self.assertEqual(self.facts["rights"][2:], [
            {"role": ROLE, "action": row["EvalActionName"], "resource": row["EvalResourceName"],
             "decision": row["EvalDecision"], "has_conditions": bool(row["MissingContextValues"])}
            for row in answer["EvaluationResults"]])

    def test_descriptions_are_not_kept(self):
        self.assertNotIn("of somebody", json.dumps(self.facts))


class Refusals(unittest.TestCase):
    def test_each_kind_denied_alone_leaves_the_others(self):
        for name, action in SECTIONS.items():
            with Ec2(fleet()) as ec2:
                ec2.refuse = lambda request, _, denied=action: (
                    (403, "AccessDeniedException" if request.service == "ssm"
                     else "AccessDenied" if request.service == "iam" else "UnauthorizedOperation")
                    if request.action == denied else None)
                facts = facts_of(run(ec2))
            found = sections(facts)
            self.assertEqual(found.pop(name), "denied")
            self.assertEqual(set(found), set(SECTIONS) - HANG_ON.get(name, {name}))
            self.assertLessEqual(set(found.values()), {"ok"}, name)
            denied = [one["denied_action"] for one in facts["sections"] if "denied_action" in one]
            self.assertEqual([one.split(":")[1] for one in denied], [action])

    def test_each_kind_throttled_at_first_comes_all_the_same(self):
        for name in ("volumes", "managed", "profiles", "sessions", "rights"):
            with Ec2(fleet()) as ec2:
                left = [2]

                def refuse(request, _, action=SECTIONS[name], left=left):
                    if request.action != action or left[0] == 0:
                        return None
                    left[0] -= 1
                    return (400, "ThrottlingException" if request.service == "ssm" else "Throttling")

                ec2.refuse = refuse
                found = sections(facts_of(run(ec2)))
            self.assertEqual(found, dict.fromkeys(SECTIONS, "ok"))

    def test_each_kind_answered_by_something_else_leaves_the_others(self):
        page = b"<html><body>502 Bad Gateway</body></html>"
        for name in ("volumes", "managed", "profiles", "sessions", "rights"):
            for fault in (say(200, page), say(200), say(200, b'{"InstanceInformationList": [{"In'),
                          say(200, b"<SimulatePrincipalPolicyResponse><Simulate"), say(404, page)):
                with Ec2(fleet()) as ec2:
                    ec2.faults[SECTIONS[name]] = fault
                    found = sections(facts_of(run(ec2)))
                self.assertEqual(found.pop(name), "failed")
                self.assertEqual(set(found.values()), {"ok"})

    def test_an_endless_answer_is_not_taken(self):
        for name in ("volumes", "managed", "profiles"):
            with Ec2(fleet()) as ec2:
                ec2.faults[SECTIONS[name]] = endless(200)
                found = sections(facts_of(run(ec2)))
            self.assertEqual(found.pop(name), "failed")
            self.assertEqual(set(found.values()), {"ok"})

    def test_a_token_that_repeats_ends_its_list(self):
        again = {"managed": b'{"InstanceInformationList": [], "NextToken": "again"}',
                 "volumes": b"<DescribeVolumesResponse><volumeSet/><nextToken>again</nextToken>"
                            b"</DescribeVolumesResponse>",
                 "rights": b"<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>"
                           b"<EvaluationResults/><IsTruncated>true</IsTruncated><Marker>again"
                           b"</Marker></SimulatePrincipalPolicyResult>"
                           b"</SimulatePrincipalPolicyResponse>"}
        for name, body in again.items():
            with Ec2(fleet()) as ec2:
                ec2.faults[SECTIONS[name]] = say(200, body)
                facts = facts_of(run(ec2))
            words = next(one["words"] for one in facts["sections"] if one["name"] == name)
            self.assertEqual(words, SECTIONS[name] + ": its pages do not end")
            asked = [one for one in ec2.asked if one.action == SECTIONS[name]]
            self.assertEqual(len(asked), 2)

    def test_one_id_that_ssm_does_not_take_spoils_no_other(self):
        bad = "i-" + "0" * 15 + "1f"
        with Ec2(fleet(instances=50)) as ec2:
            ec2.refuse = lambda request, _: (
                (400, "InvalidInstanceId") if request.action == "DescribeInstanceInformation"
                and bad in request.json["Filters"][0]["Values"] else None)
            facts = facts_of(run(ec2))
        self.assertEqual(sections(facts)["managed"], "ok")
        self.assertEqual(len(facts["managed"]), 49)

    def test_a_profile_that_is_gone_is_a_fact(self):
        with Ec2(fleet()) as ec2:
            ec2.refuse = lambda request, _: (
                (404, "NoSuchEntity") if request.action == "GetInstanceProfile" else None)
            facts = facts_of(run(ec2))
        self.assertEqual(sections(facts)["profiles"], "ok")
        self.assertEqual(facts["profiles"], [{"arn": PROFILE, "exists": False}])

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
                            {**FLEET, "endpoint": "http://user:sesame@127.0.0.1/"}):
                done = run(ec2, options=options)
                found = facts_of(done)["sections"]
                self.assertEqual([section["status"] for section in found], ["failed"], options)
                self.assertNotIn("sesame", done.stdout + done.stderr)
        self.assertEqual(ec2.asked, [])


if __name__ == "__main__":
    unittest.main()
