"""efa-doctor --once --account: what AWS says of the node's own instance beside what the node sees, against
stand-ins for AWS's API and the metadata service."""

import unittest

from account_command import KEYS, OPEN_TO_ALL, SECRET, with_rules
from ec2 import Ec2, instance, refers, rule
from efa_doctor import Case, environment
from metadata_server import MetadataServer
from metadata_server import instance as metadata_of
from metadata_server import interface as metadata_interface

OWN = "i-0123456789abcdef0"


def own_account(*rules):
    """This instance with 32 EFA interfaces, and its groups' rules."""
    answers = with_rules(*rules, instances=1, efa=32)
    own = {**instance(1, efa=32), "instanceId": OWN}
    answers["DescribeInstances"] = ("reservationSet", [{"reservationId": "r-1", "instancesSet": [own]}])
    return answers


class OwnInstance(Case):
    def once_beside(self, answers, *arguments, refuse=None):
        data = metadata_of([metadata_interface(0)])
        with MetadataServer(data) as metadata, Ec2(answers) as ec2:
            ec2.refuse = refuse or ec2.refuse
            self.configure(**{"metadata.endpoint": metadata.endpoint, "expect": "auto"})
            found = self.report("--no-deliver", *arguments, env=environment(
                **KEYS, AWS_REGION="eu-west-1", AWS_ENDPOINT_URL=ec2.endpoint))
            self.asked = ec2.asked
        self.assertNotIn(SECRET, str(found))
        return found

    def accounts(self, found):
        return {one["code"]: one for one in found["findings"] if one["code"].startswith("account.")}

    def test_without_the_flag_nobody_is_asked(self):
        found = self.once_beside(own_account())
        self.assertEqual((self.asked, self.accounts(found)), ([], {}))
        self.assertNotIn("account", [one["name"] for one in found["probes"]])

    def test_what_aws_says_is_judged_beside_what_the_node_sees(self):
        found = self.once_beside(own_account(rule("sg-a", False, **refers("sg-a")), OPEN_TO_ALL),
                                 "--account")
        self.assertEqual({one.form["Filter.1.Value.1"] for one in self.asked
                          if one.action == "DescribeInstances"}, {OWN})
        accounts = self.accounts(found)
        egress = accounts["account.security-group-no-egress"]
        self.assertEqual((egress["result"], egress["subject"]), ("fail", "node"))
        self.assertIn("authorize-security-group-egress", egress["remedy"]["command"])
        # no machine that runs tests has EFA devices with these MACs
        self.assertEqual(accounts["account.interface-lost"]["result"], "fail")
        self.assertEqual(found["verdict"], "unhealthy")
        [attached] = [one for one in found["funnel"] if one["stage"] == "attached"]
        self.assertEqual((attached["count"], attached.get("at_least")), (32, None))

    def test_who_may_not_ask_hears_which_right_is_missing(self):
        found = self.once_beside(own_account(), "--account",
                                 refuse=lambda *_: (403, "UnauthorizedOperation"))
        accounts = self.accounts(found)
        self.assertNotIn("pass", [one["result"] for one in accounts.values()])
        self.assertEqual([code for code, one in accounts.items() if one["result"] == "fail"],
                         ["account.denied"])
        self.assertIn("ec2:DescribeInstances", accounts["account.denied"]["message"])


if __name__ == "__main__":
    unittest.main()
