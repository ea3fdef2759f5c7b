"""packaging/prometheus: the rules fire when they should; rules and dashboard name what is there."""

import json
import pathlib
import re
import subprocess
import unittest

import yaml

from efa_doctor import ENOUGH_S, SOURCE, Case, write
from fake_probes import DONE, saying

DIRECTORY = SOURCE / "packaging/prometheus"
RULES = DIRECTORY / "efa-doctor.rules.yml"
METRIC = re.compile(r"\b(efa_doctor_\w+|kube_\w+|up)\b(?:\{([^}]*)\})?")
SELECTOR = re.compile(r'(\w+)(=~|!=|!~|=)"([^"]*)"')
OF_THE_SCRAPER = {"instance", "job", "cluster"}
MOST_SERIES = 60  # of a node, by default


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True,
                          timeout=ENOUGH_S)


def queries():
    rules = yaml.safe_load(RULES.read_text())
    found = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    board = json.loads((DIRECTORY / "grafana-dashboard.json").read_text())
    found += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return found + [variable["query"]["query"] for variable in board["templating"]["list"]
                    if variable["type"] == "query"]


class Prometheus(Case):
    def printed(self):
        """{metric: {label: values}} of passes over a whole node and a broken one, and of the taint."""
        rule = yaml.safe_load((SOURCE / "packaging/kubernetes/node-readiness-rule.yaml").read_text())
        found = {"up": {}, "kube_node_spec_taint": {"key": {rule["spec"]["taint"]["key"]}}}
        self.configure(metrics_counters=True)
        whole = self.synthetic_node("p4d.24xlarge")
        for expect in ("auto", "16"):
            run = self.once("--no-deliver", "--format", "prometheus", "--sysroot", whole,
                            "--expect", expect)
            for line in run.stdout.splitlines():
                if line.startswith("#"):
                    continue
                name, labels = METRIC.match(line).groups()
                known = found.setdefault(name, {})
                for label, _, value in SELECTOR.findall(labels or ""):
                    known.setdefault(label, set()).add(value)
        return found

    def test_each_metric_label_and_value_that_is_named_is_printed(self):
        printed = self.printed()
        codes = {check["code"] for check in
                 json.loads(self.efa_doctor("list-checks", "--format", "json").stdout)}
        printed["efa_doctor_findings"]["code"] |= codes
        printed["efa_doctor_findings"]["severity"] |= {"info", "warning", "critical"}
        for query in queries():
            self.assertRegex(query, METRIC)
            for name, selectors in METRIC.findall(query):
                self.assertIn(name, printed, query)
                for label, operator, value in SELECTOR.findall(selectors):
                    if label in OF_THE_SCRAPER:
                        continue
                    self.assertIn(label, printed[name], query)
                    pattern = value if "~" in operator else re.escape(value)
                    self.assertTrue(any(re.fullmatch(pattern, one)
                                        for one in printed[name][label]), query)

    def test_a_node_has_few_series_unless_its_counters_are_wanted(self):
        whole = self.synthetic_node("p5.48xlarge")
        for expect in ("32", "40"):
            text = self.prometheus(whole, expect)
            series = [line for line in text.splitlines() if not line.startswith("#")]
            self.assertLessEqual(len(series), MOST_SERIES)
            self.assertNotIn("hw_counters", text)
            print(f"{len(series)} series with --expect {expect}")
        self.configure(metrics_counters=True)
        self.assertGreater(self.prometheus(whole, "32").count("efa_doctor_hw_counters_total{"), 32)

    def test_a_flood_of_failing_codes_makes_no_flood_of_series(self):
        findings = [{"code": f"site.fault-{n}", "result": "fail", "message": "broken"} for n in range(80)]
        write(self.site_probes / "flood", saying(*(json.dumps({"finding": one}) for one in findings), DONE), 0o755)
        text = self.once("--no-deliver", "--format", "prometheus").stdout
        self.assertLessEqual(len([line for line in text.splitlines() if not line.startswith("#")]), MOST_SERIES)
        told = text.count("efa_doctor_findings{")
        left_out, = re.findall(r"(?m)^efa_doctor_findings_left_out (\d+)$", text)
        self.assertGreater(text.count('code="site.fault-'), 0)
        self.assertGreaterEqual(told + int(left_out), len(findings))

    def prometheus(self, root, expect):
        return self.once("--no-deliver", "--format", "prometheus", "--sysroot", root,
                         "--expect", expect).stdout

    def test_the_rule_of_the_operator_has_the_same_groups(self):
        run = subprocess.run([DIRECTORY / "prometheus-rule", "watch", "release=mine"], text=True,
                             capture_output=True, timeout=ENOUGH_S)
        rule = yaml.safe_load(run.stdout)
        self.assertEqual((rule["apiVersion"], rule["kind"]),
                         ("monitoring.coreos.com/v1", "PrometheusRule"))
        self.assertEqual(rule["metadata"], {"name": "efa-doctor", "namespace": "watch",
                                            "labels": {"release": "mine"}})
        self.assertEqual(rule["spec"], yaml.safe_load(RULES.read_text()))

    def test_labels_that_are_shown_are_printed(self):
        known = {label for labels in self.printed().values() for label in labels}
        board = (DIRECTORY / "grafana-dashboard.json").read_text()
        shown = set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", board + RULES.read_text()))
        grouped = {label.strip() for query in queries()
                   for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", query)
                   for label in group.split(",")}
        self.assertLessEqual(shown | grouped, known | OF_THE_SCRAPER)
        self.assertIn("pci_address", shown)

    def test_promtool_takes_the_rules(self):
        run = promtool("check", "rules", RULES)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_each_alert_fires_and_stays_quiet_as_it_should(self):
        tests = pathlib.Path(__file__).parent / "efa-doctor.rules.test.yml"
        run = promtool("test", "rules", tests)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        for rule in yaml.safe_load(RULES.read_text())["groups"][0]["rules"]:
            self.assertIn(rule["alert"], tests.read_text())

    def test_the_dashboard_has_no_two_panels_of_one_place_or_number(self):
        panels = json.loads((DIRECTORY / "grafana-dashboard.json").read_text())["panels"]
        cells = [(x, y) for panel in panels for place in [panel["gridPos"]]
                 for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])]
        self.assertEqual(len(cells), len(set(cells)))
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        self.assertLess(max(x for x, _ in cells), 24)


if __name__ == "__main__":
    unittest.main()
