"""`bgjob doctor`: its lines, its exit code, and what it asks a cluster for."""

import json
from typing import Any

import pytest

from backgroundjob.api.crd import crd
from backgroundjob.backends import use_backend
from backgroundjob.backends.cluster import ClusterBackend
from backgroundjob.stored_settings import StoredSettings
from backgroundjob.testing import InMemoryBackend
from command_line import bgjob
from fake_api_server import FakeApiServer

SYSTEM = "namespaces/backgroundjob-system"
JOBS = "/apis/backgroundjob.dev/v1alpha1/namespaces/shop/backgroundjobs"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
ADMISSION = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic"
POLICIES = ("allow-list", "anchor", "shape", "guard-jobs", "guard-pods")
REFUSED = (
    "ValidatingAdmissionPolicy 'backgroundjob-allow-list' with binding 'backgroundjob-allow-list' denied "
    "request: EmailJob.bgjobDoctorMustBeRefused is not in the allow-list"
)
READS = {
    "/version": {"gitVersion": "v1.36.3"},
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/backgroundjobs.backgroundjob.dev": {
        **crd(),
        "status": {"conditions": [{"type": "Established", "status": "True"}]},
    },
    "/apis/backgroundjob.dev/v1alpha1": {"kind": "APIResourceList"},
    f"/api/v1/{SYSTEM}/configmaps/backgroundjob-allow-list": {
        "data": {"EmailJob.send": "target: jobs.email:EmailJob.send"}
    },
    f"/api/v1/{SYSTEM}/configmaps/backgroundjob-config": {"data": {"profiles": "default: {image: jobs:1}"}},
    f"/apis/apps/v1/{SYSTEM}/deployments/backgroundjob-operator": {
        "metadata": {"labels": {"app.kubernetes.io/version": "0.1.0"}},
        "spec": {"replicas": 1},
        "status": {"readyReplicas": 1},
    },
    "/apis/backgroundjob.dev/v1alpha1/backgroundjobs": {"items": []},
    **{
        f"{ADMISSION}{kind}/backgroundjob-{name}": {"spec": {"validationActions": ["Deny"]}}
        for name in POLICIES
        for kind in ("ies", "ybindings")
    },
}


def a_cluster(api: FakeApiServer, *, without: tuple[str, ...] = ()) -> None:
    """All is well, but for paths with these parts: they are forbidden."""
    for path, document in READS.items():
        if any(part in path for part in without):
            api.refuse("GET", path, 403, "no")
        else:
            api.answer("GET", path, document)
    api.refuse("POST", JOBS, 403, REFUSED)
    api.refuse("POST", JOBS, 403, f"{REFUSED}; allowed: EmailJob.send")
    api.answer("POST", REVIEWS, {"status": {"allowed": True}}, 201)


@pytest.fixture(autouse=True)
def _one_cluster(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACKGROUNDJOB_SYSTEM_NAMESPACE", raising=False)
    if "api" in request.fixturenames:
        cluster = request.getfixturevalue("cluster")
        assert isinstance(cluster, ClusterBackend)
        monkeypatch.setattr("backgroundjob.cli.flags.select_backend", lambda *_, **__: cluster)


def test_a_cluster_that_works_is_all_ok(api: FakeApiServer) -> None:
    a_cluster(api)
    answer = bgjob("doctor")
    assert (answer.code, answer.err) == (0, "")
    assert [line.split(":")[0] for line in answer.out.splitlines()] == [
        "ok       API server",
        "ok       CRD",
        "ok       allow-list",
        "ok       configuration",
        "ok       policies",
        "ok       admission",
        "ok       operator",
        "ok       version",
        "ok       permissions",
        "ok       jobs",
    ]


def test_nothing_is_written_but_dry_runs_and_questions(api: FakeApiServer) -> None:
    a_cluster(api)
    bgjob("doctor", "-n", "shop")
    writes = [(method, path) for method, path, _ in api.requests if method != "GET"]
    assert set(writes) == {("POST", f"{JOBS}?dryRun=All&fieldManager=bgjob"), ("POST", REVIEWS)}
    asked = [body["spec"]["resourceAttributes"] for _, path, body in api.requests if path == REVIEWS]
    assert [f"{one['verb']} {one['resource']}/{one['subresource']}".rstrip("/") for one in asked] == [
        *(f"{verb} backgroundjobs" for verb in ("create", "get", "list", "watch", "patch", "delete")),
        "list pods",
        "get pods/log",
        "get services/proxy",
    ]


def test_what_a_user_may_not_read_is_not_checked_and_no_problem(api: FakeApiServer) -> None:
    a_cluster(
        api, without=("customresourcedefinitions", "configmaps", "validatingadmission", "apps", "leases")
    )
    lease = f"/apis/coordination.k8s.io/v1/{SYSTEM}/leases/backgroundjob-operator"
    api.refuse("GET", lease, 403, "no")
    answer = bgjob("doctor")
    assert answer.code == 0
    assert answer.out.count("not checked: may not get") == 6
    assert "ask for the Role backgroundjob-allow-list-reader" in answer.out
    assert (
        "ok       admission: it refuses what is not allowed; whether it is current: not checked" in answer.out
    )


def test_who_may_not_list_all_namespaces_is_told_of_the_own_one(api: FakeApiServer) -> None:
    a_cluster(api, without=("v1alpha1/backgroundjobs",))
    api.answer("GET", JOBS, {"items": []})
    assert bgjob("doctor").out.splitlines()[-1] == (
        "ok       jobs: none of 0 jobs in shop waits longer than it should"
    )


def test_expired_credentials_end_the_examination_at_once(api: FakeApiServer) -> None:
    api.refuse("GET", "/version", 401, "Unauthorized")
    answer = bgjob("doctor")
    assert answer.code == 1
    assert answer.out.splitlines() == [
        "problem  API server: the credentials are missing or expired (401)",
        "         log in again, then: kubectl auth whoami",
    ]


@pytest.mark.parametrize("path", list(READS))
def test_an_answer_of_the_wrong_shape_breaks_no_other_check(api: FakeApiServer, path: str) -> None:
    api.answer("GET", path, {"spec": [], "status": 7, "metadata": "x", "data": {"a": None}, "items": [{}]})
    a_cluster(api)
    for known in api._answers.values():
        if len(known) > 1 and known[0][0] == 200:
            del known[1:]
    answer = bgjob("doctor")
    assert "Traceback" not in answer.out + answer.err
    assert "jobs: " in answer.out


def test_json_has_every_check_with_its_next_step(jobs: InMemoryBackend) -> None:
    answer = bgjob("doctor", "-o", "json")
    assert answer.code == 0
    document = json.loads(answer.out)
    assert document["ok"] is True
    assert document["checks"][-1] == {
        "name": "jobs",
        "verdict": "ok",
        "text": "none of 0 jobs in default waits longer than it should",
        "nextStep": "",
    }


def test_a_problem_is_the_exit_code() -> None:
    with use_backend(InMemoryBackend(settings=StoredSettings(allow_list={"EmailJob.send": "tagret: a"}))):
        answer = bgjob("doctor")
    assert answer.code == 1
    assert "problem  allow-list: entry EmailJob.send is malformed: unknown key tagret" in answer.out
    assert "         bgjob allow-list show EmailJob.send" in answer.out


def test_verdicts_are_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch, jobs: InMemoryBackend) -> None:
    def marked(text: str, colour: str, _: Any) -> str:
        return f"<{colour}>{text}"

    monkeypatch.setattr("backgroundjob.cli.doctor.coloured", marked)
    assert [line.split()[0] for line in bgjob("doctor").out.splitlines()] == ["<yellow>warning", "<green>ok"]


def test_a_backend_that_cannot_be_chosen_is_a_line_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    answer = bgjob("doctor", "--backend", "cluster")
    assert answer.code == 1
    assert answer.out.startswith("problem  backend: backend 'cluster' is unavailable")
    assert len(answer.out.splitlines()) == 2
