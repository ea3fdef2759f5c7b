"""What probe-cloud makes of the instance metadata service, and of its faults."""

import json
import unittest

import http_service
import metadata_server as imds
from efa_doctor import Case, environment
from metadata_server import TOKEN_PATH, MetadataServer

BUDGET_MS = 600
SLACK_MS = 3000  # of a busy machine; who ignores the budget takes the 9 s that a probe may take
MACS = imds.DATA + "network/interfaces/macs/"


class MetadataTest(Case):
    def look(self, endpoint, budget_ms=BUDGET_MS):
        self.configure(**{"metadata.endpoint": endpoint, "metadata.budget_ms": budget_ms})
        run = self.once("--format", "json")
        report = self.report_of(run)
        self.assertLess(self.cloud_ms(report), budget_ms + SLACK_MS, "the budget and the process")
        return report["facts"]["cloud"], report

    @staticmethod
    def cloud_ms(report):
        return next(p["duration_ms"] for p in report["probes"] if p["name"] == "cloud")

    def facts(self, **service):
        with MetadataServer(**service) as server:
            facts, _ = self.look(server.endpoint)
            self.asked = server.asked
        for method, path, headers in self.asked:
            if method != "PUT":
                self.assertIn("X-aws-ec2-metadata-token", headers, path + " by version 1")
        return facts

    def statuses(self, faults):
        """Fault by fault, put at the token and then at a text: what metadata_status says."""
        said = {}
        for name, fault in faults.items():
            token = self.facts(faults={TOKEN_PATH: fault()})
            if token["metadata_status"] != "ok":
                self.assertEqual({path for _, path, _ in self.asked}, {TOKEN_PATH}, name)
            text = self.facts(faults={imds.DATA + "instance-type": fault()})
            self.assertEqual(text["instance_id"], "i-0123456789abcdef0", "what was got stays")
            said[name] = token["metadata_status"], text["metadata_status"]
        return said


class WellTest(MetadataTest):
    def test_identity_placement_and_role_are_told(self):
        facts = self.facts()
        self.assertEqual(facts["metadata_status"], "ok", facts["metadata_detail"])
        self.assertEqual(facts["instance_id"], "i-0123456789abcdef0")
        self.assertEqual(facts["instance_type"], "p5.48xlarge")
        self.assertEqual(facts["instance_type_source"], "metadata")
        self.assertEqual(facts["region"], "us-east-1")
        self.assertEqual(facts["availability_zone"], "us-east-1a")
        self.assertEqual(facts["availability_zone_id"], "use1-az4")
        self.assertEqual(facts["placement_group"], "my_cluster group")
        self.assertEqual(facts["role_name"], imds.ROLE)

    def test_only_a_spot_instance_is_asked_whether_it_is_taken_back(self):
        self.assertEqual(self.facts()["life_cycle"], "on-demand")
        self.assertFalse([path for _, path, _ in self.asked if "spot" in path])
        paths = imds.instance(imds.TWO_INTERFACES) | {"instance-life-cycle": "spot",
                                                      "instance-id": "i-0fffffffffffffff0"}
        self.assertNotIn("spot_action", self.facts(paths=paths))
        paths["spot/instance-action"] = '{"action": "terminate", "time": "2026-11-28T08:22:00Z"}'
        self.assertEqual(self.facts(paths=paths)["spot_action"],
                         "terminate at 2026-11-28T08:22:00Z")
        for bad in ("terminate", "[]", '{"time": "\\u0007"}', "{" * 5000):
            paths["spot/instance-action"] = bad
            facts = self.facts(paths=paths)
            self.assertNotIn("spot_action", facts, bad)
            self.assertEqual(facts["metadata_status"], "malformed", bad)

    def test_interfaces_are_told_with_what_each_has(self):
        first, second = self.facts()["interfaces"]
        self.assertEqual(first, {
            "mac": "0e:12:34:56:78:00", "interface_id": "eni-00000000000000000",
            "device_number": 0, "subnet_id": "subnet-0bbbbbbbbbbbbbbb2",
            "vpc_id": "vpc-0cccccccccccccccc", "has_ipv4": True, "has_ipv6": False,
            "ipv4s": ["10.11.12.1"],
            "security_group_ids": ["sg-0aaaaaaaaaaaaaaa1", "sg-0dddddddddddddddd"]},
            "no network card is told, so there is none of it")
        self.assertEqual(second["network_card"], 1)
        self.assertFalse(second["has_ipv4"], "efa-only")
        self.assertEqual(second["security_group_ids"], ["sg-0aaaaaaaaaaaaaaa1"])

    def test_report_names_the_node(self):
        with MetadataServer() as server:
            _, report = self.look(server.endpoint)
        self.assertEqual(report["node"]["instance_type"], "p5.48xlarge")
        self.assertEqual(report["node"]["availability_zone_id"], "use1-az4")

    def test_credentials_are_never_asked(self):
        with MetadataServer() as server:
            _, report = self.look(server.endpoint)
            file = self.directory / "recording.tar.zst"
            recorded = self.efa_doctor("record", file)
            paths = [path for _, path, _ in server.asked]
        self.assertEqual(recorded.returncode, 0, recorded.stderr)
        self.assertIn(imds.DATA + "iam/security-credentials/", paths)
        self.assertNotIn(imds.SECRET, str(report))
        for path in paths:
            self.assertFalse(path.endswith(imds.ROLE), path)

    def test_one_token_serves_all_questions(self):
        self.facts()
        self.assertEqual([a[0] for a in self.asked].count("PUT"), 1)
        ttl = int(self.asked[0][2]["X-aws-ec2-metadata-token-ttl-seconds"])
        self.assertTrue(1 <= ttl <= 21600)

    def test_type_of_hyperpod_is_that_of_ec2(self):
        paths = imds.instance(imds.TWO_INTERFACES, "ml.p5.48xlarge")
        self.assertEqual(self.facts(paths=paths)["instance_type"], "p5.48xlarge")

    def test_what_there_is_none_of_is_absent(self):
        paths = imds.instance(imds.TWO_INTERFACES)
        for path in list(paths):
            if path.startswith(("iam/", "placement/group-name")):
                del paths[path]
        facts = self.facts(paths=paths)
        self.assertEqual(facts["metadata_status"], "ok")
        self.assertNotIn("placement_group", facts)
        self.assertNotIn("role_name", facts)
        self.assertEqual(len(facts["interfaces"]), 2)


class MemoryTest(MetadataTest):
    """What does not change while an instance runs is asked once, until an interface comes or goes."""

    LASTING = ("placement/region", "instance-type", "/interface-id", "/device-number",
               "/network-card", "/subnet-id", "/vpc-id", "/local-ipv4s")

    def passes(self, server, *triggers):
        """The facts of passes that know of each other, and the paths that each asked for."""
        self.configure(**{"metadata.endpoint": server.endpoint, "metadata.budget_ms": 3000})
        for trigger in triggers:
            server.asked.clear()
            if trigger == "another interface":
                path = self.directory / "state" / "state.json"
                state = json.loads(path.read_text())
                state["interfaces"].append(99)
                path.write_text(json.dumps(state))
                trigger = "once"
            report = self.report_of(self.efa_doctor("--once", "--trigger", trigger, "--format",
                                                    "json"))
            yield report["facts"]["cloud"], [path for _, path, _ in server.asked]

    def test_lasting_facts_are_asked_once(self):
        with MetadataServer() as server:
            (first, all_asked), *others = self.passes(server, "boot", "interval", "once")
        for facts, asked in others:
            self.assertEqual(facts, first)
            for path in self.LASTING:
                self.assertTrue(any(a.endswith(path) for a in all_asked), path)
                self.assertFalse(any(a.endswith(path) for a in asked), path)

    def test_what_can_change_is_asked_by_every_pass(self):
        with MetadataServer() as server:
            passes = self.passes(server, "boot", "interval")
            next(passes)
            path = f"network/interfaces/macs/{imds.mac(1)}/security-group-ids"
            server.paths[path] = "sg-0eeeeeeeeeeeeeeee"
            server.paths["iam/security-credentials/"] = "another"
            facts, _ = next(passes)
        self.assertEqual(facts["interfaces"][1]["security_group_ids"], ["sg-0eeeeeeeeeeeeeeee"])
        self.assertEqual(facts["role_name"], "another")

    def test_a_new_interface_is_asked_in_whole_and_one_that_went_is_forgotten(self):
        with MetadataServer() as server:
            passes = self.passes(server, "boot", "interval")
            next(passes)
            server.paths = imds.instance((imds.TWO_INTERFACES[0], imds.interface(2, card=2)))
            facts, _ = next(passes)
        self.assertEqual([i["mac"] for i in facts["interfaces"]], [imds.mac(0), imds.mac(2)])
        self.assertEqual(facts["interfaces"][1]["network_card"], 2)

    def test_of_another_instance_nothing_is_known(self):
        with MetadataServer() as server:
            passes = self.passes(server, "boot", "interval")
            next(passes)
            server.paths = imds.instance(imds.TWO_INTERFACES, "p4d.24xlarge")
            server.paths["instance-id"] = "i-0fffffffffffffff0"
            facts, _ = next(passes)
        self.assertEqual(facts["instance_type"], "p4d.24xlarge")

    def test_all_is_asked_where_something_happened(self):
        with MetadataServer() as server:
            passes = list(self.passes(server, "boot", "event", "another interface"))
        for _, asked in passes:
            for path in self.LASTING:
                self.assertTrue(any(a.endswith(path) for a in asked), path)


class FaultTest(MetadataTest):
    def test_nobody_listens_is_absent(self):
        facts, _ = self.look(http_service.closed_port())
        self.assertEqual(facts["metadata_status"], "absent")
        self.assertIn(TOKEN_PATH, facts["metadata_detail"])

    def test_metadata_turned_off_is_denied_and_none_is_absent(self):
        self.assertEqual(
            self.statuses({"401": lambda: http_service.say(401), "403": lambda: http_service.say(403)}),
            {"401": ("denied", "denied"), "403": ("denied", "denied")})
        facts = self.facts(faults={TOKEN_PATH: http_service.say(404, imds.HTML_404)})
        self.assertEqual(facts["metadata_status"], "absent")

    def test_silence_and_slowness_are_slow(self):
        self.assertEqual(self.statuses({"hang": lambda: http_service.hang, "drip": lambda: http_service.drip}),
                         {"hang": ("slow", "slow"), "drip": ("slow", "slow")})

    def test_a_throttled_question_is_asked_again(self):
        self.assertEqual(self.statuses({"429": lambda: http_service.first_times(2, http_service.say(429)),
                                        "503": lambda: http_service.first_times(2, http_service.say(503))}),
                         {"429": ("ok", "ok"), "503": ("ok", "ok")})

    def test_throttling_without_end_is_throttled(self):
        self.assertEqual(self.statuses({"429": lambda: http_service.say(429),
                                        "503": lambda: http_service.say(503)}),
                         {"429": ("throttled", "throttled"), "503": ("throttled", "throttled")})
        self.assertLess(len(self.asked), 20, "it does not join those who flood the service")

    def test_an_error_of_the_service_is_called_so(self):
        self.assertEqual(self.statuses({"500": lambda: http_service.say(500)}),
                         {"500": ("failing", "failing")})

    def test_what_is_no_metadata_is_malformed(self):
        nothing_like_it = {
            "binary": lambda: http_service.say(200, bytes(range(256))),
            "html": lambda: http_service.say(200, imds.HTML_404),
            "endless": lambda: http_service.endless(200),
            "no http": lambda: http_service.no_http,
            "redirect": lambda: http_service.say(302, "", [("Location", "/latest/elsewhere")]),
            "bad request": lambda: http_service.say(400),
        }
        self.assertEqual(self.statuses(nothing_like_it),
                         {name: ("malformed", "malformed") for name in nothing_like_it})

    def test_a_token_that_is_none_leads_to_no_question(self):
        for token in ("", " \r\n", "two words", "a\r\nX-Other: header"):
            facts = self.facts(faults={TOKEN_PATH: http_service.say(200, token)})
            self.assertEqual(facts["metadata_status"], "malformed", repr(token))
            self.assertEqual({path for _, path, _ in self.asked}, {TOKEN_PATH}, "version 1")

    def test_a_proxy_of_the_environment_is_not_used(self):
        with MetadataServer() as server:
            self.configure(**{"metadata.endpoint": server.endpoint})
            report = self.report(env=environment(http_proxy=http_service.closed_port()))
        facts = report["facts"]["cloud"]
        self.assertEqual(facts["metadata_status"], "ok")


class BudgetTest(MetadataTest):
    def test_a_budget_that_ends_at_one_interface_keeps_the_others(self):
        interfaces = [imds.interface(n, card=n) for n in range(32)]
        service = MetadataServer(imds.instance(interfaces),
                                 faults={MACS + imds.mac(20) + "/subnet-id": http_service.hang})
        with service as server:
            facts, _ = self.look(server.endpoint, budget_ms=3000)
        self.assertEqual(facts["metadata_status"], "slow")
        self.assertEqual(facts["instance_type"], "p5.48xlarge")
        told = [interface["network_card"] for interface in facts["interfaces"]]
        self.assertNotIn(20, told, "half of it was told")
        self.assertEqual(told[:20], list(range(20)))
        for interface in facts["interfaces"]:
            self.assertEqual(interface["security_group_ids"], ["sg-0aaaaaaaaaaaaaaa1"])

    def test_all_of_32_interfaces_are_told_in_time(self):
        interfaces = [imds.interface(n, card=n) for n in range(32)]
        with MetadataServer(imds.instance(interfaces)) as server:
            facts, _ = self.look(server.endpoint, budget_ms=5000)
        self.assertEqual(facts["metadata_status"], "ok", facts["metadata_detail"])
        self.assertEqual([i["network_card"] for i in facts["interfaces"]], list(range(32)))


if __name__ == "__main__":
    unittest.main()
