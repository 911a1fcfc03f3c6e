"""What `bgjob doctor` makes of each document, without a server."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backgroundjob.api.crd import crd
from backgroundjob.api.labels import VERSION
from backgroundjob.doctor import admission, cluster
from backgroundjob.doctor.admission import Probe, admission_check, classes_to_probe, policies_checks
from backgroundjob.doctor.answers import Answer, Unread
from backgroundjob.doctor.check import Check, Verdict, guarded
from backgroundjob.doctor.settings import allow_list_checks, config_check
from backgroundjob.doctor.waiting import waiting_checks
from backgroundjob.errors import AccessDenied

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FORBIDDEN, ABSENT = Unread(403, "no"), Unread(404, "not found")
OK, WARNING, PROBLEM = Verdict


def told(check: Check) -> tuple[Verdict, str]:
    return check.verdict, check.text


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ({"gitVersion": "v1.36.3"}, OK),
        ({"gitVersion": "v1.30.0-gke.100"}, OK),
        ({"gitVersion": "v1.29.9"}, PROBLEM),
        ({}, OK),
        (FORBIDDEN, WARNING),
    ],
)
def test_kubernetes_must_be_new_enough_for_admission_policies(answer: Answer, verdict: Verdict) -> None:
    assert cluster.version_check(answer, "https://kube").verdict is verdict


def stored_crd(**version: Any) -> dict[str, Any]:
    document = copy.deepcopy(crd())
    document["spec"]["versions"][0] |= version
    document["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
    return document


def spec_fields(document: dict[str, Any]) -> dict[str, Any]:
    schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    found: dict[str, Any] = schema["properties"]["spec"]["properties"]
    return found


def test_the_crd_of_this_client_is_ok() -> None:
    assert told(cluster.crd_check(stored_crd(), {}, crd())) == (OK, f"{VERSION} is that of this client")


def test_a_field_that_the_cluster_lacks_is_a_problem_and_named() -> None:
    older = stored_crd()
    del spec_fields(older)["queue"]
    check = cluster.crd_check(older, {}, crd())
    assert told(check) == (PROBLEM, "it differs from this client's in spec.queue")
    assert check.next_step.endswith("bgjob crd | kubectl apply --server-side -f -")


def test_a_bound_that_differs_is_a_warning_and_many_are_counted() -> None:
    newer = stored_crd()
    for field in ("queue", "class", "method", "concurrencyKey"):
        spec_fields(newer)[field]["maxLength"] = 7
    verdict, text = told(cluster.crd_check(newer, {}, crd()))
    assert verdict is WARNING
    assert text.startswith("it differs from this client's in spec.class.maxLength, ")
    assert text.endswith(" and 1 more")


@pytest.mark.parametrize(
    ("answer", "discovery", "verdict", "text"),
    [
        (ABSENT, ABSENT, PROBLEM, "is not there"),
        (FORBIDDEN, ABSENT, PROBLEM, "is not there"),
        (
            FORBIDDEN,
            {"kind": "APIResourceList"},
            WARNING,
            "not checked: may not get CustomResourceDefinition",
        ),
        (stored_crd() | {"status": {}}, {}, PROBLEM, "is not established"),
        (stored_crd(served=False), {}, PROBLEM, f"does not serve {VERSION}"),
        (stored_crd(name="v9"), {}, PROBLEM, f"does not serve {VERSION}"),
        (Unread(500, "etcd"), {}, WARNING, "the API server answered 500 etcd"),
    ],
)
def test_a_crd_that_cannot_be_used_says_why(
    answer: Answer, discovery: Answer, verdict: Verdict, text: str
) -> None:
    check = cluster.crd_check(answer, discovery, crd())
    assert check.verdict is verdict
    assert text in check.text


def deployment(ready: int = 2, replicas: int = 2, **container: Any) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app.kubernetes.io/version": "0.1.0"}},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
        "status": {"readyReplicas": ready},
    }


@pytest.mark.parametrize(
    ("answer", "verdict", "text"),
    [
        (deployment(), OK, "2 of 2 replicas are ready"),
        (deployment(ready=1), WARNING, "1 of 2 replicas are ready"),
        (deployment(ready=0), PROBLEM, "0 of 2 replicas are ready"),
        (deployment(ready=0, replicas=0), PROBLEM, "it is scaled to 0 replicas, so nothing runs"),
        (ABSENT, PROBLEM, "there is no Deployment backgroundjob-operator in system"),
        (FORBIDDEN, WARNING, "not checked: may not get Deployment backgroundjob-operator in system"),
    ],
)
def test_the_operator_is_ready_when_a_replica_is(answer: Answer, verdict: Verdict, text: str) -> None:
    assert told(next(cluster.deployment_check(answer, "system", "0.1.0"))) == (verdict, text)


def skew(own: str, **changes: Any) -> Check:
    return list(cluster.deployment_check(deployment() | changes, "system", own))[1]


def test_versions_that_differ_by_more_than_a_patch_are_told() -> None:
    assert skew("0.1.7").verdict is OK
    check = skew("0.2.0")
    assert told(check) == (WARNING, "operator 0.1.0, this client 0.2.0")
    assert "pip install 'backgroundjob[client]==0.1.0'" in check.next_step


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ("registry:5000/operator:0.3.1", "operator 0.3.1, this client 0.1.0"),
        ("registry:5000/operator", "the operator's is unknown; this client is 0.1.0"),
        ("operator@sha256:12ab", "the operator's is unknown; this client is 0.1.0"),
    ],
)
def test_without_the_label_the_images_tag_is_the_version(image: str, text: str) -> None:
    found = deployment(image=image)
    assert skew("0.1.0", metadata={}, spec=found["spec"]).text == text


def test_the_lease_is_where_the_deployment_says() -> None:
    env = [
        {"name": "BACKGROUNDJOB_LEASE", "value": "mine"},
        {"name": "BACKGROUNDJOB_LEASE_NAMESPACE", "value": "leases"},
    ]
    assert cluster.lease_place(deployment(env=env), "system") == ("leases", "mine")
    assert cluster.lease_place(deployment(), "system") is None
    assert cluster.lease_place(FORBIDDEN, "system") == ("system", "backgroundjob-operator")


def lease(holder: str = "pod-1", seconds_ago: float = 2) -> dict[str, Any]:
    renewed = (NOON - timedelta(seconds=seconds_ago)).isoformat()
    return {"spec": {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 15}}


@pytest.mark.parametrize(
    ("answer", "verdict", "text"),
    [
        (lease(), OK, "pod-1 holds it, renewed 2s ago"),
        (lease(seconds_ago=30), OK, "pod-1 holds it, renewed 30s ago"),
        (lease(seconds_ago=31), PROBLEM, "pod-1 holds it, renewed 31s ago: no operator leads"),
        (lease(holder=""), PROBLEM, "nobody holds it: no operator leads"),
        (ABSENT, PROBLEM, "there is no Lease op in system: no operator leads"),
        (FORBIDDEN, WARNING, "not checked: may not get Lease op in system"),
    ],
)
def test_a_leader_renews_its_lease(answer: Answer, verdict: Verdict, text: str) -> None:
    assert told(cluster.lease_check(answer, ("system", "op"), NOON)) == (verdict, text)


def may(verb: str, *, allowed: bool) -> tuple[cluster.Permission, Answer]:
    permission = cluster.Permission(verb=verb, resource="backgroundjobs", namespace="shop")
    return permission, {"status": {"allowed": allowed}}


def test_permissions_name_what_the_user_may_not_do() -> None:
    check = cluster.permissions_check([may("get", allowed=True), may("create", allowed=False)], "shop")
    assert told(check) == (WARNING, "in shop you may not: create backgroundjobs")
    assert "backgroundjob-edit" in check.next_step
    assert cluster.permissions_check([may("get", allowed=True)], "shop").verdict is OK


def policies(**changes: Answer) -> dict[str, Answer]:
    present: Answer = {"spec": {"policyName": "x", "validationActions": ["Deny"]}}
    return dict.fromkeys((*admission.REQUIRED, *admission.GUARDS), present) | {
        f"backgroundjob-{name}": answer for name, answer in changes.items()
    }


@pytest.mark.parametrize(
    ("found", "bound", "verdict", "text"),
    [
        (policies(), policies(), OK, "and their bindings are there"),
        (
            policies(anchor=ABSENT),
            policies(),
            PROBLEM,
            "backgroundjob-anchor: ValidatingAdmissionPolicy is not",
        ),
        (policies(), policies(shape=ABSENT), PROBLEM, "backgroundjob-shape: its binding is not there"),
        (
            policies(),
            policies(shape={"spec": {"policyName": "x", "validationActions": ["Audit"]}}),
            PROBLEM,
            "d",
        ),
        (policies(**{"guard-jobs": ABSENT}), policies(), WARNING, "backgroundjob-guard-jobs: Validating"),
        (policies(shape=FORBIDDEN, anchor=FORBIDDEN), policies(), WARNING, "not checked: may not get valida"),
    ],
)
def test_each_policy_is_there_and_denies(
    found: dict[str, Answer], bound: dict[str, Answer], verdict: Verdict, text: str
) -> None:
    (check,) = policies_checks(found, bound)
    assert check.verdict is verdict
    assert text in check.text


ALLOW_LIST = {"EmailJob.send": "", "EmailJob.bounce": "", "backgroundjob.SelfTest.run": ""}
DENIED = "x is forbidden: ValidatingAdmissionPolicy '{}' with binding '{}' denied request: "
REFUSED = DENIED.format(*["backgroundjob-allow-list"] * 2) + "X.y is not in the allow-list"
NOBODY = Probe("BgjobDoctor", Unread(403, REFUSED))


def email(ending: str) -> Probe:
    return Probe("EmailJob", Unread(403, REFUSED + ending))


def test_admission_is_asked_for_the_classes_of_the_allow_list() -> None:
    assert classes_to_probe(ALLOW_LIST) == ["BgjobDoctor", "EmailJob", "backgroundjob.SelfTest"]
    assert classes_to_probe(None) == ["BgjobDoctor"]


def test_admission_that_names_the_stored_methods_is_current() -> None:
    check = admission_check([NOBODY, email("; allowed: EmailJob.bounce, EmailJob.send")], ALLOW_LIST)
    assert told(check) == (
        OK,
        "it refuses what is not allowed, by the current allow-list (1 class compared)",
    )


@pytest.mark.parametrize("ending", ["", "; allowed: EmailJob.send", "; 9 methods of this class are allowed"])
def test_admission_that_names_others_checks_by_an_old_allow_list(ending: str) -> None:
    check = admission_check([NOBODY, email(ending)], ALLOW_LIST)
    assert check.verdict is PROBLEM
    assert "checks EmailJob by another version of the allow-list" in check.text
    assert "docs/security.md" in check.next_step


def test_a_class_of_many_methods_is_compared_by_their_number() -> None:
    many = {f"EmailJob.m{number}": "" for number in range(9)}
    assert admission_check([email("; 9 methods of this class are allowed")], many).verdict is OK


def test_what_is_created_in_a_dry_run_was_not_refused() -> None:
    assert admission_check([Probe("BgjobDoctor", {})], ALLOW_LIST).verdict is PROBLEM


@pytest.mark.parametrize(
    ("answer", "verdict", "text"),
    [
        (Unread(403, "no params found for policy binding"), PROBLEM, "finds no ConfigMap"),
        (Unread(403, 'user "x" cannot create'), WARNING, "not checked: may not create backgroundjobs"),
        (Unread(403, DENIED.format("backgroundjob-use", "x")), WARNING, "backgroundjob-use refuses the dry"),
        (Unread(404, "no such page"), WARNING, "not checked"),
    ],
)
def test_a_dry_run_that_says_nothing_about_the_allow_list_is_told(
    answer: Unread, verdict: Verdict, text: str
) -> None:
    check = admission_check([Probe("BgjobDoctor", answer)], ALLOW_LIST)
    assert check.verdict is verdict
    assert text in check.text


def test_without_the_allow_list_a_refusal_is_all_that_can_be_said() -> None:
    assert "current: not checked" in admission_check([NOBODY], None).text


def test_each_malformed_entry_is_named() -> None:
    texts = {
        "EmailJob.send": "target: jobs.email:EmailJob.send",
        "EmailJob.bad": "tagret: x",
        "EmailJob.no": "a: [",
    }
    good, first, second = allow_list_checks(texts)
    assert told(good) == (OK, "1 method can be used")
    assert told(first)[1].startswith(
        "entry EmailJob.bad is malformed: unknown key tagret (did you mean target?)"
    )
    assert "not YAML" in second.text
    assert [check.verdict for check in allow_list_checks({})] == [PROBLEM]


def test_a_configuration_is_used_as_a_whole_or_not_at_all() -> None:
    profiles = "default: {image: jobs:1}"
    assert told(config_check({"profiles": profiles, "queues": "mail: {paused: true}"})) == (
        OK,
        "50 attempts at once; paused queues: mail",
    )
    assert told(config_check({}))[0] is PROBLEM
    assert "unknown key limts (did you mean limits?)" in config_check({"limts": "{}"}).text


def waiting(name: str, reason: str | None, minutes: float = 1, state: str = "Running") -> dict[str, Any]:
    since = (NOON - timedelta(minutes=minutes)).isoformat()
    status = {"state": state, "reason": reason, "attempts": [{"startTime": since}]} if reason else {}
    metadata = {"namespace": "shop", "name": name, "creationTimestamp": since}
    return {"metadata": metadata, "spec": {}, "status": status}


def test_jobs_that_wait_too_long_are_counted_by_reason_with_the_next_step() -> None:
    documents = [
        waiting("slow", "Starting", minutes=11),
        waiting("fresh", "Starting", minutes=9),
        *(waiting(f"quota-{number}", "QuotaExceeded") for number in range(4)),
        waiting("unseen", None, minutes=2),
        waiting("new", None, minutes=0.5),
        waiting("done", "Completed", state="Succeeded"),
    ]
    assert [(one.verdict, one.text, one.next_step) for one in waiting_checks(documents, NOON, "in shop")] == [
        (
            WARNING,
            "4 jobs are QuotaExceeded: shop/quota-0, shop/quota-1, shop/quota-2 and 1 more",
            "bgjob why quota-0 --namespace shop",
        ),
        (WARNING, "1 job is Starting for more than 10 minutes: shop/slow", "bgjob why slow --namespace shop"),
        (PROBLEM, "1 job is not seen by the operator: shop/unseen", "bgjob why unseen --namespace shop"),
    ]
    assert [one.text for one in waiting_checks(documents[-1:], NOON, "in shop")] == [
        "none of 1 job in shop waits longer than it should"
    ]


def test_a_step_that_breaks_is_a_line_and_no_traceback() -> None:
    def broken() -> list[Check]:
        raise KeyError("metadata")

    def denied() -> list[Check]:
        raise AccessDenied("you may not")

    assert [told(one) for one in guarded("CRD", broken)] == [(PROBLEM, "cannot be checked: KeyError")]
    assert [told(one) for one in guarded("CRD", denied)] == [(PROBLEM, "you may not")]
