"""An instance metadata service, version 2, on loopback, that can misbehave on demand.

Interface: EC2 User Guide, "Use IMDSv2" and "Instance metadata categories". Synthetic: all ids,
addresses and names are made up.
"""

from http_service import Handler, Service

TOKEN_PATH = "/latest/api/token"
DATA = "/latest/meta-data/"
TOKEN = "AQAEAFakeToken-1_23456789abcdefghijklmnopqrstuvwxyz=="
SECRET = "FakeSecretAccessKey0123456789"
ROLE = "efa_node+role@example"
HTML_404 = ('<?xml version="1.0"?>\n<!DOCTYPE html>\n<html><head><title>404 - Not Found</title>'
            "</head><body><h1>404 - Not Found</h1></body></html>\n")


def interface(number, *, card=None, ipv4=True, groups=("sg-0aaaaaaaaaaaaaaa1",)):
    """What the service tells of one interface; an efa-only one has no IPv4 address."""
    items = {
        "device-number": str(number),
        "interface-id": f"eni-{number:017x}",
        "mac": mac(number),
        "owner-id": "123456789012",
        "security-group-ids": "\n".join(groups),
        "subnet-id": "subnet-0bbbbbbbbbbbbbbb2",
        "vpc-id": "vpc-0cccccccccccccccc",
    }
    if card is not None:
        items["network-card"] = str(card)
    if ipv4:
        items["local-ipv4s"] = f"10.11.12.{number + 1}"
    return items


def mac(number):
    return f"0e:12:34:56:78:{number:02x}"


def instance(interfaces, instance_type="p5.48xlarge"):
    """All paths of an instance and their texts."""
    paths = {
        "instance-id": "i-0123456789abcdef0",
        "instance-type": instance_type,
        "instance-life-cycle": "on-demand",
        "placement/region": "us-east-1",
        "placement/availability-zone": "us-east-1a",
        "placement/availability-zone-id": "use1-az4",
        "placement/group-name": "my_cluster group",
        "iam/security-credentials/": ROLE,
        "iam/security-credentials/" + ROLE: '{"SecretAccessKey": "' + SECRET + '"}',
    }
    macs = "network/interfaces/macs/"
    paths[macs] = "\n".join(items["mac"] + "/" for items in interfaces)
    for items in interfaces:
        paths[macs + items["mac"] + "/"] = "\n".join(sorted(items))
        for name, text in items.items():
            paths[macs + items["mac"] + "/" + name] = text
    return paths


TWO_INTERFACES = (interface(0, groups=("sg-0aaaaaaaaaaaaaaa1", "sg-0dddddddddddddddd")),
                  interface(1, card=1, ipv4=False))


class _Handler(Handler):
    def handle_any(self):
        service = self.service
        service.asked.append((self.command, self.path, dict(self.headers)))
        fault = service.faults.get(self.path, service.faults.get("*"))
        if fault is None or not fault(self):
            self.answer_well()

    do_GET = do_PUT = do_POST = do_HEAD = handle_any

    def answer_well(self):
        if self.path == TOKEN_PATH:
            self.answer_token()
        elif self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            self.answer(401, "")
        elif self.path.startswith(DATA) and self.path[len(DATA):] in self.service.paths:
            self.answer(200, self.service.paths[self.path[len(DATA):]])
        else:
            self.answer(404, HTML_404)

    def answer_token(self):
        ttl = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if self.command != "PUT":
            self.answer(405, "")
        elif not ttl.isdigit() or not 1 <= int(ttl) <= 21600:
            self.answer(400, "")
        else:
            self.answer(200, TOKEN)


class MetadataServer(Service):
    """with MetadataServer(faults={path or "*": fault}) as service: ... service.endpoint"""

    def __init__(self, paths=None, faults=None):
        super().__init__(_Handler)  # asked: (method, path, headers)
        self.paths = instance(TWO_INTERFACES) if paths is None else paths
        self.faults = faults or {}
