"""EC2 and STS as far as a fleet is asked for: a stand-in on loopback with answers of its own making
(synthetic, in the shapes of the EC2 API Reference)."""

import time
import urllib.parse

from http_service import Handler, Service

NAMESPACE = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'


def element(name, content):
    """Nested elements of dictionaries; of a list, items."""
    if isinstance(content, dict):
        content = "".join(element(key, value) for key, value in content.items())
    elif isinstance(content, list):
        content = "".join(element("item", value) for value in content)
    return f"<{name}>{content}</{name}>"


def interface(number, groups, kind="efa-only"):
    return {"networkInterfaceId": f"eni-{number:017x}", "subnetId": "subnet-1", "vpcId": "vpc-1",
            "description": "of somebody", "ownerId": "111122223333", "status": "in-use",
            "macAddress": f"0e:00:00:00:00:{number % 256:02x}",
            "groupSet": [{"groupId": group, "groupName": "efa"} for group in groups],
            "attachment": {"attachmentId": "eni-attach-1", "deviceIndex": 1 if number else 0,
                           "networkCardIndex": max(number - 1, 0), "status": "attached"},
            "interfaceType": kind}


def instance(number, groups=("sg-a",), efa=2):
    interfaces = [interface(0, groups, "interface")]
    interfaces += [interface(card + 1, groups) for card in range(efa)]
    return {"instanceId": f"i-{number:017x}", "imageId": "ami-1",
            "instanceState": {"code": 16, "name": "running"}, "instanceType": "p5.48xlarge",
            "placement": {"availabilityZone": "eu-west-1a", "groupName": "train", "groupId": "pg-1",
                          "tenancy": "default"},
            "subnetId": "subnet-1", "vpcId": "vpc-1", "capacityReservationId": "cr-1",
            "rootDeviceName": "/dev/xvda",
            "blockDeviceMapping": [{"deviceName": "/dev/xvda", "ebs": {"volumeId": "vol-1"}}],
            "networkInterfaceSet": interfaces}


def rule(group, egress, **more):
    return {"securityGroupRuleId": "sgr-1", "groupId": group, "groupOwnerId": "111122223333",
            "isEgress": str(egress).lower(), "ipProtocol": "-1", "fromPort": -1, "toPort": -1, **more}


def refers(group):
    return {"referencedGroupInfo": {"groupId": group, "userId": "111122223333"}}


# action: the list, its items, how many a page has
def fleet(instances=2, efa=2):
    return {
        "DescribeInstances": (
            "reservationSet", [{"reservationId": "r-1", "instancesSet": [instance(number, efa=efa)]}
                               for number in range(1, instances + 1)]),
        "DescribeSecurityGroupRules": (
            "securityGroupRuleSet", [rule("sg-a", False, **refers("sg-a")),
                                     rule("sg-a", True, cidrIpv4="0.0.0.0/0"),
                                     rule("sg-a", True, ipProtocol="tcp", fromPort=443, toPort=443,
                                          prefixListId="pl-1")]),
        "DescribeSecurityGroups": ("securityGroupInfo", []),
        "DescribePlacementGroups": (
            "placementGroupSet", [{"groupName": "train", "state": "available",
                                   "strategy": "cluster", "groupId": "pg-1"}]),
        "DescribeInstanceTypes": (
            "instanceTypeSet", [{"instanceType": "p5.48xlarge", "networkInfo": {
                "maximumNetworkCards": 32, "efaSupported": "true",
                "efaInfo": {"maximumEfaInterfaces": 32}}}]),
        "DescribeCapacityReservations": (
            "capacityReservationSet", [{"capacityReservationId": "cr-1", "state": "active",
                                        "instanceType": "p5.48xlarge", "reservationType": "default",
                                        "endDate": "2036-11-23T22:00:00.000Z"}]),
    }


CALLER = element("GetCallerIdentityResponse", {"GetCallerIdentityResult": {
    "Arn": "arn:aws:iam::111122223333:user/admin", "UserId": "AIDA", "Account": "111122223333"}})


class Request:
    def __init__(self, headers, body):
        self.headers = dict(headers)
        self.body = body
        self.form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        self.action = self.form.get("Action")


class Ec2Handler(Handler):
    def do_POST(self):
        request = Request(self.headers, self.body_sent())
        ec2 = self.service
        with ec2.lock:
            ec2.asked.append(request)
            refusal = ec2.refuse(request, len(ec2.asked))
        if refusal is not None:
            status, code = refusal
            error = {"Errors": {"Error": {"Code": code, "Message": "words"}}, "RequestID": "1"}
            self.answer(status, element("Response", error))
        elif request.action == "GetCallerIdentity":
            self.answer(200, CALLER)
        else:
            self.answer(200, ec2.page(request))


class Ec2(Service):
    """with Ec2(fleet()) as ec2: ... ec2.endpoint, ec2.asked"""

    def __init__(self, answers, page_size=1000):
        super().__init__(Ec2Handler)
        self.answers = answers
        self.page_size = page_size
        self.refuse = lambda request, number: None  # (403, "UnauthorizedOperation")
        self.bodies = {}                            # the last answer to each action

    def page(self, request):
        name, items = self.answers[request.action]
        size = min(int(request.form.get("MaxResults", 1000)), self.page_size)
        first = int(request.form.get("NextToken", 0))
        more = {"nextToken": first + size} if first + size < len(items) else {"nextToken": ""}
        content = {"requestId": "1", name: items[first:first + size], **more}
        text = element(request.action + "Response", content).replace(
            "Response>", f"Response {NAMESPACE}>", 1)
        self.bodies[request.action] = text
        return text


class Bucket:
    """EC2's throttling: so many calls at once, and so many more each second."""

    def __init__(self, size, a_second):
        self.size = self.left = size
        self.a_second = a_second
        self.at = time.monotonic()

    def refuse(self, _request, _number):
        now = time.monotonic()
        self.left = min(self.size, self.left + (now - self.at) * self.a_second)
        self.at = now
        if self.left < 1:
            return 503, "RequestLimitExceeded"
        self.left -= 1
        return None
