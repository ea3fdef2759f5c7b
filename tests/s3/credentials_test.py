"""Each place that credentials come from, with a server of its own on loopback."""

import datetime
import json
import unittest

import http_service
import metadata_server
from efa_doctor import write
from metadata_server import MetadataServer
from s3_case import S3Case, aws_environment
from s3_server import S3Server, refuse

ROLE_PATH = "iam/security-credentials/" + metadata_server.ROLE
TOKEN = "hush-token"
STS = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{}</AccessKeyId>
<SecretAccessKey>hush</SecretAccessKey><SessionToken>{}</SessionToken>
<Expiration>{}</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""


def in_seconds(seconds):
    time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def keys(name, seconds=3600):
    return json.dumps({"Code": "Success", "AccessKeyId": name, "SecretAccessKey": "hush",
                       "Token": TOKEN, "Expiration": in_seconds(seconds)})


class _Handler(http_service.Handler):
    def do_GET(self):
        service = self.service
        service.asked.append((self.command, self.path, dict(self.headers), self.body_sent().decode()))
        text = service.answers[0]
        if len(service.answers) > 1:
            service.answers.pop(0)
        self.answer(200 if text else 500, text)

    do_POST = do_GET


class Service(http_service.Service):
    """Answers every request with the next of its texts, the last one again and again."""

    def __init__(self, *answers):
        super().__init__(_Handler)  # asked: (method, path, headers, body)
        self.answers = list(answers)


class CredentialsTest(S3Case):
    def signed_by(self, bucket, request=-1):
        headers = bucket.asked[request][1]
        return headers["authorization"].split("Credential=")[1].split("/")[0]

    def deliver_with(self, bucket, limit=5, **variables):
        self.use(bucket.endpoint)
        self.environment = aws_environment(**variables)
        return self.deliver("--limit", limit)

    def test_a_container_with_a_token_file(self):
        token = write(self.directory / "token", "pod-token\n")
        self.put(1)
        with Service(keys("ASIACONTAINER")) as service, S3Server() as bucket:
            run = self.deliver_with(bucket, AWS_CONTAINER_CREDENTIALS_FULL_URI=service.endpoint + "/v1",
                                    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.signed_by(bucket), "ASIACONTAINER")
        self.assertEqual(bucket.asked[0][1]["x-amz-security-token"], TOKEN)
        self.assertEqual(service.asked[0][2]["authorization"], "pod-token")
        self.assertEqual(len(service.asked), 1)

    def test_a_container_url_that_would_leak_the_token_is_not_asked(self):
        self.put(1)
        with S3Server() as bucket:
            run = self.deliver_with(bucket, 1, AWS_CONTAINER_CREDENTIALS_FULL_URI="http://192.0.2.1/",
                                    AWS_CONTAINER_AUTHORIZATION_TOKEN="t")
        self.assertEqual(run.returncode, 1)
        self.assert_said("no credentials", "neither https nor a service of this host")

    def test_expired_credentials_are_asked_for_again(self):
        self.put(1)
        self.put(2)
        with Service(keys("OLD", 1), keys("NEW")) as service, S3Server() as bucket:
            bucket.faults = [lambda request: service.answers and refuse(400, "ExpiredToken")(request)]
            run = self.deliver_with(bucket, AWS_CONTAINER_CREDENTIALS_FULL_URI=service.endpoint)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.signed_by(bucket, 0), "OLD")
        self.assertEqual(self.signed_by(bucket, 1), "NEW")

    def test_a_role_of_the_instance(self):
        self.put(1)
        paths = metadata_server.instance(metadata_server.TWO_INTERFACES)
        paths[ROLE_PATH] = keys("ASIAROLE")
        paths["placement/region"] = "ap-south-1"
        with MetadataServer(paths) as metadata, S3Server() as bucket:
            run = self.deliver_with(bucket, AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.signed_by(bucket), "ASIAROLE")
        self.assertIn("/ap-south-1/s3/", bucket.asked[0][1]["authorization"])
        self.assertTrue(all(method == "PUT" or "X-aws-ec2-metadata-token" in headers
                            for method, _, headers in metadata.asked), "version 2 only")

    def test_an_instance_without_a_role_is_said_so(self):
        self.put(1)
        paths = metadata_server.instance(metadata_server.TWO_INTERFACES)
        del paths["iam/security-credentials/"]
        with MetadataServer(paths) as metadata, S3Server() as bucket:
            self.deliver_with(bucket, 1, AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.endpoint)
        self.assert_said("no credentials", "the instance has none")

    def test_a_web_identity(self):
        token = write(self.directory / "jwt", "a.b/c\n")
        self.put(1)
        with Service(STS.format("ASIAWEB", TOKEN, in_seconds(3600))) as sts, S3Server() as bucket:
            run = self.deliver_with(bucket, AWS_ROLE_ARN="arn:aws:iam::1:role/r",
                                    AWS_WEB_IDENTITY_TOKEN_FILE=str(token),
                                    AWS_ENDPOINT_URL_STS=sts.endpoint)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.signed_by(bucket), "ASIAWEB")
        self.assertIn("WebIdentityToken=a.b%2Fc", sts.asked[0][3])

    def test_shared_files_and_their_profile(self):
        credentials = write(self.directory / "credentials",
                            "[default]\naws_access_key_id = D\naws_secret_access_key = hush\n"
                            "[efa]\naws_access_key_id = P\naws_secret_access_key = hush\n")
        config = write(self.directory / "aws-config", "[profile efa]\nregion = eu-north-1\n")
        with S3Server() as bucket:
            self.put(1)
            files = {"AWS_SHARED_CREDENTIALS_FILE": str(credentials), "AWS_CONFIG_FILE": str(config)}
            self.assertEqual(self.deliver_with(bucket, **files).returncode, 0)
            self.assertEqual(self.signed_by(bucket), "D")
            self.put(2)
            self.assertEqual(self.deliver_with(bucket, AWS_PROFILE="efa", **files).returncode, 0)
        self.assertEqual(self.signed_by(bucket), "P")
        self.assertIn("/eu-north-1/s3/", bucket.asked[-1][1]["authorization"])

    def test_keys_that_were_changed_on_disk_are_read_again(self):
        credentials = self.directory / "credentials"
        text = "[default]\naws_access_key_id = {}\naws_secret_access_key = hush\n"
        write(credentials, text.format("OLD"))
        self.put(1)

        def rotated(request):
            write(credentials, text.format("NEW"))
            return refuse(403, "InvalidAccessKeyId")(request)
        with S3Server([rotated]) as bucket:
            run = self.deliver_with(bucket, AWS_SHARED_CREDENTIALS_FILE=str(credentials))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.signed_by(bucket), "NEW")

    def test_without_any_it_says_where_it_looked(self):
        self.put(1)
        with S3Server() as bucket:
            run = self.deliver_with(bucket, 20, AWS_EC2_METADATA_DISABLED="true")
        self.assertEqual(run.returncode, 1)
        self.assertIn("1 left: no credentials: none in the environment", run.stdout)
        self.assertRegex(run.stderr, "not delivered to s3://pics/efa at [^ ]+: no credentials: none in the environment")
        self.assertEqual(self.delivery()["failures"], 1, "nothing that passes by itself is waited for")
        self.assertEqual(bucket.asked, [])
        self.assert_said("no credentials", "none in the environment, a web identity, shared files")


if __name__ == "__main__":
    unittest.main()
