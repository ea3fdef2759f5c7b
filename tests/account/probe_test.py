"""probe-account against a stand-in for EC2, SSM, IAM and STS, with botocore as the oracle: of the
forms and the JSON that are posted, of their signatures, and of what the answers say."""

import json
import pathlib
import sys
import unittest

from account_probe import FLEET, PROBE, SECRET, TOKEN, end, facts_of, run, sections, start
from ec2 import ROLE, Bucket, Ec2, fleet

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

IS_SANITIZED = b"__asan_init" in PROBE.read_bytes()


def peak_kib(process):
    """Of its memory so far; what rusage says of a child begins with what its parent has."""
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


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


if __name__ == "__main__":
    unittest.main()
