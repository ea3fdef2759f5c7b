"""probe-account where EC2, SSM, IAM and STS refuse, throttle, or answer with something else."""

import unittest

from account_probe import FLEET, KEYS, SECRET, TOKEN, facts_of, run, sections
from ec2 import PROFILE, Ec2, fleet
from http_service import endless, say

SECTIONS = {"instances": "DescribeInstances", "rules": "DescribeSecurityGroupRules",
            "placement_groups": "DescribePlacementGroups", "types": "DescribeInstanceTypes",
            "reservations": "DescribeCapacityReservations", "volumes": "DescribeVolumes",
            "managed": "DescribeInstanceInformation", "profiles": "GetInstanceProfile",
            "sessions": "GetDocument", "rights": "SimulatePrincipalPolicy"}
# what is not asked for after one that did not come
HANG_ON = {"instances": set(SECTIONS), "profiles": {"profiles", "sessions", "rights"}}


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
        self.assertIn("no region: neither --region, AWS_REGION", nowhere["sections"][0]["words"])

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
