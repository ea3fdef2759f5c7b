"""EC2, SSM, IAM and STS as far as a fleet is asked for: a stand-in on loopback with answers of its own
making (synthetic, in the shapes of their API References)."""

import json
import time
import urllib.parse

from http_service import Handler, Service

NAMESPACE = 'xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"'
ROLE = "arn:aws:iam::111122223333:role/node"
PROFILE = "arn:aws:iam::111122223333:instance-profile/node"


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
            "capacityReservationSpecification": {
                "capacityReservationTarget": {"capacityReservationId": "cr-1"}},
            "iamInstanceProfile": {"arn": PROFILE, "id": "AIPA"},
            "metadataOptions": {"state": "applied", "httpTokens": "required",
                                "httpPutResponseHopLimit": 2, "httpEndpoint": "enabled"},
            "rootDeviceName": "/dev/xvda",
            "blockDeviceMapping": [{"deviceName": "/dev/xvda",
                                    "ebs": {"volumeId": f"vol-{number:017x}"}}],
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
        "DescribeVolumes": (
            "volumeSet", [{"volumeId": f"vol-{number:017x}", "size": 200, "encrypted": "true",
                           "volumeType": "gp3"} for number in range(1, instances + 1)]),
        "DescribeInstanceInformation": (
            "InstanceInformationList", [
                {"InstanceId": f"i-{number:017x}", "PingStatus": "Online",
                 "AgentVersion": "3.3.987.0", "LastPingDateTime": 1795471200.123,
                 "ComputerName": "of somebody"} for number in range(1, instances + 1)]),
    }


# of EC2's filters, and what of an item they are about; others let all through
FILTERS = {"group-id": "groupId", "volume-id": "volumeId"}


def passes(form, item):
    for name, value in form.items():
        if not name.endswith(".Name") or value not in FILTERS:
            continue
        wanted = {text for key, text in form.items() if key.startswith(name[:-4] + "Value.")}
        if item[FILTERS[value]] not in wanted:
            return False
    return True


def decision(action, resource, decided):
    return (f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{resource}"
            f"</EvalResourceName><EvalDecision>{decided}</EvalDecision><MatchedStatements/>"
            "<MissingContextValues/></member>")


CALLER = element("GetCallerIdentityResponse", {"GetCallerIdentityResult": {
    "Arn": "arn:aws:iam::111122223333:user/admin", "UserId": "AIDA", "Account": "111122223333"}})


class Request:
    def __init__(self, headers, body):
        self.headers = dict(headers)
        self.body = body
        target = self.headers.get("x-amz-target")
        self.json = json.loads(body) if target else None
        self.form = {} if target else dict(urllib.parse.parse_qsl(body.decode(),
                                                                  keep_blank_values=True))
        self.action = target.split(".")[1] if target else self.form.get("Action")
        self.service = self.headers["authorization"].split("/")[3]


class Ec2Handler(Handler):
    def do_POST(self):
        request = Request(self.headers, self.body_sent())
        ec2 = self.service
        with ec2.lock:
            ec2.asked.append(request)
            refusal = ec2.refuse(request, len(ec2.asked))
            fault = ec2.faults.get(request.action)
        if fault is not None:
            fault(self)
        elif refusal is not None:
            status, code = refusal
            self.answer(*refused(request, status, code))
        else:
            self.answer(200, ec2.answer_to(request))


def refused(request, status, code):
    """As each service writes it."""
    error = {"Code": code, "Message": "words"}
    if request.service == "ssm":
        return 400, json.dumps({"__type": code, "message": "words"})
    if request.service == "ec2":
        return status, element("Response", {"Errors": {"Error": error}, "RequestID": "1"})
    return status, element("ErrorResponse", {"Error": error, "RequestId": "1"})


class Ec2(Service):
    """with Ec2(fleet()) as ec2: ... ec2.endpoint, ec2.asked"""

    def __init__(self, answers, page_size=1000):
        super().__init__(Ec2Handler)
        self.answers = answers
        self.page_size = page_size
        self.refuse = lambda request, number: None  # (403, "UnauthorizedOperation")
        self.faults = {}                            # by action: what answers instead
        self.bodies = {}                            # the last answer to each action
        self.decisions = {}                         # by action: else "allowed"
        self.log_group = "/aws/ssm/sessions"

    def answer_to(self, request):
        by_action = {"GetCallerIdentity": lambda _: CALLER, "GetDocument": self.document,
                     "GetInstanceProfile": self.profile, "SimulatePrincipalPolicy": self.simulation,
                     "DescribeInstanceInformation": self.managed}
        text = by_action.get(request.action, self.page)(request)
        self.bodies[request.action] = text
        return text

    def document(self, _request):
        return json.dumps({"Name": "SSM-SessionManagerRunShell", "Content": json.dumps(
            {"inputs": {"cloudWatchLogGroupName": self.log_group}})})

    def profile(self, request):
        name = request.form["InstanceProfileName"]
        role = f"<member><RoleName>node</RoleName><Arn>{ROLE}</Arn></member>"
        return element("GetInstanceProfileResponse", {"GetInstanceProfileResult": {
            "InstanceProfile": {"InstanceProfileName": name, "Arn": PROFILE, "Roles": role}}})

    def simulation(self, request):
        form = request.form
        actions = [form[name] for name in sorted(form) if name.startswith("ActionNames.")]
        first = int(form.get("Marker", 0))
        size = min(self.page_size, 100)
        decisions = "".join(decision(action, form.get("ResourceArns.member.1", "*"),
                                     self.decisions.get(action, "allowed"))
                            for action in actions[first:first + size])
        more = {"IsTruncated": "false"}
        if first + size < len(actions):
            more = {"IsTruncated": "true", "Marker": first + size}
        return element("SimulatePrincipalPolicyResponse", {
            "SimulatePrincipalPolicyResult": {"EvaluationResults": decisions, **more}})

    def managed(self, request):
        name, items = self.answers[request.action]
        wanted = set(request.json["Filters"][0]["Values"])
        assert len(wanted) <= 50 and request.json["MaxResults"] <= 50
        items = [item for item in items if item["InstanceId"] in wanted]
        first = int(request.json.get("NextToken", 0))
        size = min(request.json["MaxResults"], self.page_size)
        more = {"NextToken": str(first + size)} if first + size < len(items) else {}
        return json.dumps({name: items[first:first + size], **more})

    def page(self, request):
        name, items = self.answers[request.action]
        items = [item for item in items if passes(request.form, item)]
        size = min(int(request.form.get("MaxResults", 1000)), self.page_size)
        first = int(request.form.get("NextToken", 0))
        more = {"nextToken": first + size} if first + size < len(items) else {"nextToken": ""}
        content = {"requestId": "1", name: items[first:first + size], **more}
        return element(request.action + "Response", content).replace(
            "Response>", f"Response {NAMESPACE}>", 1)


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
