"""efa-doctor account against moto, which verifies signatures and policies: each call as it is sent
is accepted, and refused where a digit of its signature or its body is changed. Nothing else that
moto says of EC2 is evidence. moto is of Debian trixie, in a root of its own, on loopback."""

import http.client
import json
import re
import subprocess
import sys
import threading
import unittest
import urllib.parse

import debian_root
from efa_doctor import EFA_DOCTOR, ENOUGH_S, environment
from http_service import Handler, Service

try:
    import botocore.session
except ImportError:
    sys.exit(77)  # skipped

ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
ALL_BUT_VOLUMES = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
    {"Effect": "Deny", "Action": "ec2:DescribeVolumes", "Resource": "*"}]}
ASSUMED = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
REFUSED = (401, 403)  # of EC2, of others
CALLS = {"GetCallerIdentity", "DescribeInstances", "DescribeSecurityGroupRules",
         "DescribeSecurityGroups", "DescribePlacementGroups", "DescribeInstanceTypes",
         "DescribeCapacityReservations", "DescribeVolumes", "DescribeInstanceInformation",
         "GetDocument", "GetInstanceProfile", "SimulatePrincipalPolicy"}
moto = None


class Moto:
    """with Moto() as moto: ... moto.port"""

    def __enter__(self):
        root = debian_root.kept_root("moto", "trixie", "--variant=minbase",
                                     "--include=python3-moto,python3-flask-cors")
        self._process = subprocess.Popen(
            ["chroot", root, "python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"})
        said = []
        for line in self._process.stderr:
            said.append(line)
            found = re.search(r"http://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                threading.Thread(target=self._process.stderr.read, daemon=True).start()
                return self
        raise AssertionError("moto does not start: " + "".join(said)[-2000:])

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()

    def post(self, path, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ENOUGH_S)
        connection.request("POST", path, body, headers)  # the host as it was signed, where it is
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def client(self, service, keys=None):
        keys = keys or {"AccessKeyId": "any", "SecretAccessKey": "any"}
        return botocore.session.Session().create_client(
            service, region_name="eu-west-1", endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"])

    def user(self, name, policy):
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="its", PolicyDocument=json.dumps(policy))
        return iam.create_access_key(UserName=name)["AccessKey"]

    def role(self, name, policy, user):
        iam = self.client("iam")
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(ASSUMED))
        iam.put_role_policy(RoleName=name, PolicyName="its", PolicyDocument=json.dumps(policy))
        return self.client("sts", user).assume_role(
            RoleArn=made["Role"]["Arn"], RoleSessionName="session")["Credentials"]

    def verify_from_now_on(self):
        status, said = self.post("/moto-api/reset-auth", {"Content-Type": "text/plain"}, b"0")
        assert status == 200, said


class ProxyHandler(Handler):
    """Sends a call on as it came; before, with one digit of the signature changed, and of the body."""

    def do_POST(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.body_sent()
        signed = headers["authorization"]
        last = "0" if signed[-1] != "0" else "1"
        forged, _ = moto.post("/", {**headers, "authorization": signed[:-1] + last}, body)
        other = body + b" "
        changed, _ = moto.post("/", {**headers, "content-length": str(len(other))}, other)
        status, content = moto.post("/", headers, body)
        form = dict(urllib.parse.parse_qsl(body.decode()))
        action = form.get("Action") or headers["x-amz-target"].rpartition(".")[2]
        with self.service.lock:
            self.service.asked.append((action, status, forged, changed))
        self.answer(status, content)


def ask(endpoint, keys, *arguments):
    env = {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
           "AWS_SESSION_TOKEN": keys.get("SessionToken", ""), "HOME": "/none"}
    done = subprocess.run(
        [EFA_DOCTOR, "account", "--region", "eu-west-1", "--endpoint", endpoint, "--rate", "100",
         *arguments], env=environment(**env), capture_output=True, text=True, timeout=ENOUGH_S,
        check=False)
    for name in ("SecretAccessKey", "SessionToken"):
        assert not keys.get(name) or keys[name] not in done.stdout + done.stderr
    return done


class Signatures(unittest.TestCase):
    def expect_all_accepted(self, keys, arn):
        with Service(ProxyHandler) as proxy:
            done = ask(proxy.endpoint, keys, "--check-rights", "--format", "json")
        value = json.loads(done.stdout)
        self.assertIn(arn, value["caller"]["arn"])
        self.assertEqual({action for action, *_ in proxy.asked}, CALLS)
        for action, status, forged, changed in proxy.asked:
            self.assertNotIn(status, REFUSED, action)
            self.assertIn(forged, REFUSED, action)
            self.assertIn(changed, REFUSED, action)
        self.assertEqual([one for one in value["rights"] if one["status"] == "denied"], [])

    def test_each_call_of_a_user_is_accepted(self):
        self.expect_all_accepted(USER, ":user/admin")

    def test_each_call_with_a_session_token_is_accepted(self):
        self.expect_all_accepted(ROLE, ":assumed-role/node/session")

    def test_a_wrong_secret_is_refused_in_one_line(self):
        for keys in (USER, ROLE):
            done = ask(f"http://127.0.0.1:{moto.port}", {**keys, "SecretAccessKey": "x" * 40},
                       "--filter", "tag:Fleet=train")
            self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
            self.assertIn("AuthFailure", done.stdout)
            self.assertIn("the instances are not known", done.stdout)

    def test_a_token_that_is_another_is_refused(self):
        done = ask(f"http://127.0.0.1:{moto.port}", {**ROLE, "SessionToken": "x" * 40}, "--filter",
                   "tag:Fleet=train")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)

    def test_what_the_policy_denies_is_named(self):
        done = ask(f"http://127.0.0.1:{moto.port}", SOME, "--check-rights", "--format", "json")
        value = json.loads(done.stdout)
        self.assertEqual([one["action"] for one in value["rights"] if one["status"] == "denied"],
                         ["ec2:DescribeVolumes"])
        self.assertEqual(value["statements"], [{"Effect": "Allow", "Action": ["ec2:DescribeVolumes"],
                                                "Resource": "*"}])


if __name__ == "__main__":
    WHY_NOT = debian_root.why_not()
    if WHY_NOT:
        print(WHY_NOT)
        sys.exit(77)
    with Moto() as moto:
        USER = moto.user("admin", ALL)
        SOME = moto.user("some", ALL_BUT_VOLUMES)
        ROLE = moto.role("node", ALL, USER)
        moto.verify_from_now_on()
        unittest.main()
