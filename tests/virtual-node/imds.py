#!/usr/bin/env python3
"""A small make-believe EC2 instance metadata service (IMDSv2).

Without arguments it serves on a TCP port of the loopback; with --stdio it
answers on stdin/stdout (one connection; for QEMU's guestfwd=...-cmd:).
"""
import argparse
import json
import socketserver
import sys
import time


def tree(a):
    macs = [m for m in a.macs.split(",") if m]
    t = {
        "meta-data/instance-type": a.instance_type,
        "meta-data/instance-life-cycle": "on-demand",
        "meta-data/instance-id": a.instance_id,
        "meta-data/ami-id": "ami-0123456789abcdef0",
        "meta-data/hostname": "ip-10-0-2-15.ec2.internal",
        "meta-data/local-hostname": "ip-10-0-2-15.ec2.internal",
        "meta-data/local-ipv4": "10.0.2.15",
        "meta-data/mac": macs[0] if macs else "",
        "meta-data/placement/region": a.region,
        "meta-data/placement/availability-zone": a.region + "a",
        "meta-data/placement/availability-zone-id": "use1-az1",
        "dynamic/instance-identity/document": json.dumps({
            "accountId": "123456789012", "architecture": "x86_64",
            "availabilityZone": a.region + "a", "region": a.region,
            "instanceId": a.instance_id, "instanceType": a.instance_type,
            "imageId": "ami-0123456789abcdef0", "version": "2017-09-30",
            "privateIp": "10.0.2.15"}, indent=1),
    }
    for i, m in enumerate(macs):
        b = "meta-data/network/interfaces/macs/%s/" % m
        t[b + "device-number"] = "0" if i == 0 else "1"
        t[b + "network-card"] = str(i)
        t[b + "interface-id"] = "eni-%017x" % (0xE0 + i)
        t[b + "mac"] = m
        t[b + "security-group-ids"] = "sg-0123456789abcdef0"
        t[b + "subnet-id"] = "subnet-0123456789abcdef0"
        t[b + "vpc-id"] = "vpc-0123456789abcdef0"
        if i < a.ip_macs:
            t[b + "local-ipv4s"] = "10.0.2.%d" % (15 + i)
    if a.creds:
        t["meta-data/iam/security-credentials/node-role"] = json.dumps({
            "Code": "Success", "Type": "AWS-HMAC",
            "LastUpdated": "2026-01-01T00:00:00Z",
            "AccessKeyId": a.creds.split(":")[0],
            "SecretAccessKey": a.creds.split(":")[1], "Token": "vefa-token",
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(
                time.time() + 6 * 3600))})
    return t


TOKEN_FIXED = "AQAEAvefaTOKEN=="     # --stdio processes share no memory


def listing(t, path):
    p = path + "/" if path else ""
    out = []
    for k in sorted(t):
        if k.startswith(p):
            rest = k[len(p):].split("/", 1)
            n = rest[0] + ("/" if len(rest) > 1 else "")
            if n not in out:
                out.append(n)
    return "\n".join(out)


def answer(a, method, path, headers):
    if a.fault == "deny":
        return 403, "", {}
    path = path.split("?")[0].strip("/")
    if method == "PUT" and path == "latest/api/token":
        ttl = headers.get("x-aws-ec2-metadata-token-ttl-seconds")
        if not ttl or not ttl.isdigit() or not 1 <= int(ttl) <= 21600:
            return 400, "", {}
        return 200, TOKEN_FIXED, {
            "X-aws-ec2-metadata-token-ttl-seconds": ttl}
    if method != "GET":
        return 405, "", {}
    if a.v2_only and headers.get("x-aws-ec2-metadata-token") != TOKEN_FIXED:
        return 401, "", {}
    parts = path.split("/", 1)
    if parts[0] == "":
        return 200, "latest", {}
    rest = parts[1] if len(parts) > 1 else ""
    t = tree(a)
    if rest in t:
        return 200, t[rest], {}
    ls = listing(t, rest)
    return (200, ls, {}) if ls else (404, "Not Found", {})


REASON = {200: "OK", 400: "Bad Request", 401: "Unauthorized",
          403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}


def serve(a, rd, wr):
    while True:
        line = rd.readline(65536)
        if not line or not line.strip():
            return
        method, path = line.decode("latin1").split()[:2]
        h = {}
        while True:
            x = rd.readline(65536).strip()
            if not x:
                break
            k, _, v = x.decode("latin1").partition(":")
            h[k.strip().lower()] = v.strip()
        n = int(h.get("content-length", 0) or 0)
        if n:
            rd.read(n)
        if a.fault == "hang":
            time.sleep(3600)
        st, body, extra = answer(a, method, path, h)
        b = body.encode()
        out = "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\n" \
            "Content-Length: %d\r\nServer: EC2ws\r\n" % (st, REASON[st], len(b))
        for k, v in extra.items():
            out += "%s: %s\r\n" % (k, v)
        wr.write(out.encode() + b"\r\n" + b)
        wr.flush()
        if a.log:
            with open(a.log, "a") as f:
                f.write("%s %s %d\n" % (method, path, st))
        if h.get("connection", "").lower() == "close":
            return


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--stdio", action="store_true")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--instance-type", default="p5.48xlarge")
    p.add_argument("--instance-id", default="i-0vefa000000000001")
    p.add_argument("--region", default="us-east-1")
    p.add_argument("--macs", default="16:b0:33:f8:70:00")
    p.add_argument("--ip-macs", type=int, default=1,
                   help="how many of the MACs have an IPv4 address "
                   "(the rest are EFA-only)")
    p.add_argument("--creds", default="", help="ACCESS:SECRET")
    p.add_argument("--v1", dest="v2_only", action="store_false")
    p.add_argument("--fault", default="", help="deny | hang")
    p.add_argument("--log", default="")
    a = p.parse_args()
    if a.stdio:
        serve(a, sys.stdin.buffer, sys.stdout.buffer)
        return

    class H(socketserver.StreamRequestHandler):
        def handle(self):
            serve(a, self.rfile, self.wfile)

    class S(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    with S(("127.0.0.1", a.port), H) as s:
        print(s.server_address[1], flush=True)
        s.serve_forever()


if __name__ == "__main__":
    main()
