"""What node-readiness-controller and NVSentinel take, by their own sources; each under Apache-2.0, and here
in words of our own.

kubernetes-sigs/node-readiness-controller v0.5.0 (704b65442f11): the CRD
config/crd/bases/readiness.node.x-k8s.io_nodereadinessrules.yaml (the chart's copy is the same), and
internal/webhook/nodereadinessgaterule_webhook.go. Main (e5ff8d103234) has spec.conditionPolicy too, which
0.5.0 would refuse. NODE_READINESS_CRD=FILE compares with a CRD.
Not looked at: rules of updates (self == oldSelf), other rules of a cluster with the same taint.

NVIDIA/NVSentinel, read in the fork lalitadithya/NVSentinel at 42672ae892d1 (2026-08-21):
health-monitors/kubernetes-object-monitor/pkg: config/types.go, config/loader.go, cel/environment.go,
publisher/publisher.go; data-models/protobufs/health_event.proto;
distros/kubernetes/nvsentinel/charts/kubernetes-object-monitor: values.yaml, templates/configmap.yaml.
"""

import re

import jsonschema

CRD = "NODE_READINESS_CRD"
TEXT = {"type": "string"}
WORD = {"type": "string", "minLength": 1}
FLAG = {"type": "boolean"}
STATUS = {"type": "string", "enum": ["True", "False", "Unknown"]}


def thing(required, **properties):
    return {"type": "object", "required": sorted(required.split()), "properties": properties}


def texts(**more):
    return {"type": "array", "items": TEXT, **more}


# The spec as the CRD has it, without its descriptions and its rules in CEL.
RULE_SPEC = thing(
    "conditions enforcementMode nodeSelector taint",
    conditions={"type": "array", "minItems": 1, "maxItems": 32, "items": thing(
        "requiredStatus type", type={"type": "string", "minLength": 1, "maxLength": 316},
        requiredStatus=STATUS, defaultStatus=STATUS)},
    dryRun=FLAG,
    enforcementMode={"type": "string", "enum": ["bootstrap-only", "continuous"]},
    nodeSelector={"type": "object", "properties": {
        "matchLabels": {"type": "object", "additionalProperties": TEXT},
        "matchExpressions": {"type": "array", "items": thing(
            "key operator", key=TEXT, operator=TEXT, values=texts())}}},
    taint=thing("effect key", key=TEXT, value=TEXT, effect=TEXT,
                timeAdded={"type": "string", "format": "date-time"}))
RULE = thing("apiVersion kind metadata spec", apiVersion={"const": "readiness.node.x-k8s.io/v1alpha1"},
             kind={"const": "NodeReadinessRule"},
             metadata=thing("name", name={"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"}),
             spec=RULE_SPEC)
# Those in CEL that bind a new rule: the taint's, which refusals() plays.
RULES_OF_CREATION = 7

OVERRIDES = {**thing("", force=FLAG, skip=FLAG), "not": {"properties": {"force": {"const": True},
                                                                        "skip": {"const": True}},
                                                         "required": ["force", "skip"]}}
# The chart's template makes nothing of a Boolean or a text that is absent; misspelt, a recommendedAction is
# CONTACT_SUPPORT, a processingStrategy no event.
POLICY = thing(
    "name enabled resource predicate healthEvent", name=WORD, enabled=FLAG,
    resource=thing("group version kind", group=TEXT, version=WORD, kind=WORD, namespace=TEXT),
    predicate=thing("expression", expression=WORD),
    nodeAssociation=thing("expression", expression=TEXT),
    healthEvent={**thing(
        "componentClass isFatal message recommendedAction", componentClass=WORD, isFatal=FLAG, message=WORD,
        recommendedAction={"enum": ["NONE", "COMPONENT_RESET", "CONTACT_SUPPORT", "RUN_FIELDDIAG", "RESTART_VM",
                                    "RESTART_BM", "REPLACE_VM", "RUN_DCGMEUD", "CUSTOM", "UNKNOWN"]},
        customRecommendedAction=WORD, errorCode=texts(), quarantineOverrides=OVERRIDES,
        drainOverrides=OVERRIDES,
        processingStrategy={"enum": ["EXECUTE_REMEDIATION", "STORE_ONLY", "STORE_AND_ANALYSE"]}),
        "if": {"properties": {"recommendedAction": {"const": "CUSTOM"}}},
        "then": {"required": ["customRecommendedAction"]}})
# Of the chart's values, the one that is ours to set.
POLICIES = thing("policies", policies={"type": "array", "minItems": 1, "items": POLICY})
# What an expression may begin with: cel/environment.go.
VARIABLES = {"resource", "now", "lookup", "has", "size", "true", "false", "null", "in"}

SPEC = ("spec",)
TAINT = ("spec", "taint")
CONDITION = ("spec", "conditions", 0)
EXPRESSION = ("spec", "nodeSelector", "matchExpressions", 0)
# Path and value; None: it is not there.
WRONG_RULES = [
    (("apiVersion",), "readiness.node.x-k8s.io/v1"), (("kind",), "NodeReadinessGate"), (("metadata",), None),
    (("metadata", "name"), "EFA_healthy"), (("dryRun",), True),
    ((*SPEC, "dry_run"), True), ((*SPEC, "dryRun"), "true"), ((*SPEC, "conditionPolicy"), "allOf"),
    ((*SPEC, "enforcementMode"), "always"), ((*SPEC, "enforcementMode"), None),
    ((*SPEC, "enforcementMode"), "bootstrap-only"),
    ((*SPEC, "conditions"), []), ((*CONDITION, "type"), ""), ((*CONDITION, "type"), "x" * 317),
    ((*CONDITION, "requiredStatus"), False), ((*CONDITION, "defaultStatus"), "false"),
    ((*CONDITION, "default"), "False"),
    ((*SPEC, "conditions"), [{"type": "Ready", "requiredStatus": "True"}] * 2),
    ((*SPEC, "nodeSelector"), None), ((*SPEC, "nodeSelector"), {}),
    ((*SPEC, "nodeSelector"), {"nodeSelectorTerms": []}), ((*SPEC, "nodeSelector"), {"matchLabels": {"a": 1}}),
    ((*EXPRESSION, "operator"), "Is"), ((*EXPRESSION, "operator"), "Exists"), ((*EXPRESSION, "op"), "In"),
    ((*EXPRESSION, "values"), []), ((*EXPRESSION, "values"), [1]),
    ((*TAINT, "key"), "efa/healthy"), ((*TAINT, "key"), "readiness.k8s.io/"), ((*TAINT, "key"), None),
    ((*TAINT, "key"), "readiness.k8s.io/a/b"), ((*TAINT, "key"), "readiness.k8s.io/-a"),
    ((*TAINT, "key"), "readiness.k8s.io/" + "a" * 64), ((*TAINT, "value"), "a" * 64), ((*TAINT, "value"), False),
    ((*TAINT, "effect"), "NoStart"), ((*TAINT, "what"), "NoSchedule")]

OURS = ("policies", 0)
EVENT = (*OURS, "healthEvent")
WRONG_POLICIES = [
    (("policies",), []), (("policy",), []), ((*OURS, "name"), ""), ((*OURS, "enabled"), "yes"),
    ((*OURS, "enabled"), None), ((*OURS, "predicates"), {}), ((*OURS, "resource", "version"), ""),
    ((*OURS, "resource", "name"), "a"), ((*OURS, "predicate"), {"expr": "true"}),
    ((*OURS, "predicate", "expression"), "node.status.phase == 'Failed'"),
    ((*OURS, "predicate", "expression"), "resource.metadata.name == '''a'''"),
    ((*EVENT, "componentClass"), None), ((*EVENT, "isFatal"), "false"), ((*EVENT, "message"), ""),
    ((*EVENT, "severity"), "low"), ((*EVENT, "recommendedAction"), "CONTACT_SUPORT"),
    ((*EVENT, "recommendedAction"), "CUSTOM"), ((*EVENT, "errorCode"), "EFA_UNHEALTHY"),
    ((*EVENT, "processingStrategy"), "STORE"), ((*EVENT, "drainOverrides"), {"force": True, "skip": True})]


def strict(schema):
    """As an API server that is asked to be strict: what the schema does not name is refused."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: strict(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        inner["additionalProperties"] = False
    return inner


def structural_errors(schema, value):
    validator = jsonschema.Draft202012Validator(strict(schema))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def is_requirement(expression):
    """Of a label's selector: apimachinery, labels.NewRequirement."""
    values = expression.get("values", [])
    return {"In": bool(values), "NotIn": bool(values), "Exists": not values,
            "DoesNotExist": not values}.get(expression["operator"], False)


def refusals(spec):
    """What the CRD's rules in CEL and lists with keys, then the webhook, say of a new rule."""
    taint, selector, types = spec["taint"], spec["nodeSelector"], [one["type"] for one in spec["conditions"]]
    once = spec["enforcementMode"] == "bootstrap-only"
    expressions = selector.get("matchExpressions", [])
    rules = {
        "the key is not readiness.k8s.io/NAME": re.fullmatch(
            r"readiness\.k8s\.io/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", taint["key"]),
        "the value is longer than 63": len(taint.get("value", "")) <= 63,
        # the API server's own rule of a node's taint, which the controller would run into
        "the value is none of a taint": re.fullmatch(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
                                                     taint.get("value", "")),
        "there is no such effect": taint["effect"] in ("NoSchedule", "PreferNoSchedule", "NoExecute"),
        "a condition twice": len(set(types)) == len(types),
        "the selector is empty": expressions or selector.get("matchLabels"),
        "the selector is none": all(map(is_requirement, expressions)),
        "a default with bootstrap-only": not (once and any("defaultStatus" in one for one in spec["conditions"]))}
    return [words for words, right in rules.items() if not right]


def errors_of_rule(rule):
    return structural_errors(RULE, rule) or refusals(rule["spec"])


def bare(schema):
    """Without what does not bind, or is no schema of JSON."""
    if isinstance(schema, list):
        return [bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: bare(value) for key, value in schema.items()
            if not (key == "description" and isinstance(value, str)) and not key.startswith("x-kubernetes-")}


def spec_of(crd):
    version, = (one for one in crd["spec"]["versions"] if one["name"] == "v1alpha1")
    return version["schema"]["openAPIV3Schema"]["properties"]["spec"]


def bare_spec(crd):
    return bare(spec_of(crd))


def rules_of_creation(crd):
    """The rules in CEL of the spec that do not look at the object that was there before."""
    def rules(schema):
        if isinstance(schema, list):
            return [rule for one in schema for rule in rules(one)]
        if not isinstance(schema, dict):
            return []
        own = [one["rule"] for one in schema.get("x-kubernetes-validations", [])]
        return own + [rule for value in schema.values() for rule in rules(value)]
    return [rule for rule in rules(spec_of(crd)) if "oldSelf" not in rule]


def unknown_variables(expression):
    """What it reads that the monitor does not offer; texts and members aside."""
    bare_words = re.sub(r"\"[^\"]*\"|'[^']*'", "", expression)
    bound = set(re.findall(r"\.(?:all|exists|exists_one|filter|map)\((\w+),", bare_words))
    return set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", bare_words)) - bound - VARIABLES


def errors_of_policies(values):
    errors = structural_errors(POLICIES, values)
    if errors:
        return errors
    names = [policy["name"] for policy in values["policies"]]
    errors = [] if len(set(names)) == len(names) else ["a name twice"]
    for policy in values["policies"]:
        expression = policy["predicate"]["expression"]
        errors += [f"{word} is no variable" for word in sorted(unknown_variables(expression))]
        if "'''" in expression:
            errors.append("the expression ends the text of TOML that the chart makes of it")
    return errors
