"""An instance metadata service, version 2, on loopback, that can misbehave on demand.

Interface: EC2 User Guide, "Use IMDSv2" and "Instance metadata categories". Synthetic: all ids,
addresses and names are made up.
"""

import http.server
import socket
import threading

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


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement
    wbufsize = -1                   # an answer is one packet

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        service = self.server.service
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
        elif self.path.startswith(DATA) and self.path[len(DATA):] in self.server.service.paths:
            self.answer(200, self.server.service.paths[self.path[len(DATA):]])
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


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):  # a client that hangs up in time is what is tested
        pass


class MetadataServer:
    """with MetadataServer(faults={path or "*": fault}) as service: ... service.endpoint"""

    def __init__(self, paths=None, faults=None):
        self.paths = instance(TWO_INTERFACES) if paths is None else paths
        self.faults = faults or {}
        self.asked = []  # (method, path, headers)
        self.ended = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.service = self
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def closed_port():
    """An address of loopback where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


# Faults: called with the request, true when they have answered it.

def status(code, body="", headers=()):
    def fault(request):
        request.answer(code, body, headers)
        return True
    return fault


def first_times(count, fault):
    """The fault so many times, then the answer."""
    left = [count]

    def some(request):
        left[0] -= 1
        return left[0] >= 0 and fault(request)
    return some


def hang(request):
    request.server.service.ended.wait(30)
    request.close_connection = True
    return True


def drip(request):
    """A byte at a time, for as long as somebody listens."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
    request.wfile.flush()
    while not request.server.service.ended.wait(0.02):
        request.wfile.write(b"A")
        request.wfile.flush()
    request.close_connection = True
    return True


def endless(request):
    request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not request.server.service.ended.is_set():
        request.wfile.write(b"A" * 65536)
    request.close_connection = True
    return True


def no_http(request):
    request.wfile.write(bytes(range(128, 256)) * 4)
    request.close_connection = True
    return True
