"""What the cluster backend reads beside the object: why, settings, Events; and how it patches."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backgroundjob import AccessDenied, Conflict, InvalidSpec, NotAllowed, NotFound, Why
from backgroundjob.backends.cluster import ClusterBackend
from command_line import bgjob
from fake_api_server import FakeApiServer

MINE = "/apis/backgroundjob.dev/v1alpha1/namespaces/shop/backgroundjobs/mine"
SYSTEM = "/api/v1/namespaces/backgroundjob-system"
WHY = f"{SYSTEM}/services/backgroundjob-operator:http/proxy/why/shop/mine"
ALLOW_LIST, CONFIG = (f"{SYSTEM}/configmaps/backgroundjob-{name}" for name in ("allow-list", "config"))
PATCHED = f"{MINE}?fieldManager=bgjob&fieldValidation=Strict"
ANSWER = {
    "state": "Queued",
    "reason": "QueueLimit",
    "message": "queue mail runs 5 of 5",
    "sentence": "mine waits: 3 ahead in queue mail, limit 5, about 40s by the last 50 runs",
    "ahead": 3,
    "limitedBy": "queue mail",
    "limit": 5,
    "estimateSeconds": 40,
    "basisRuns": 50,
    "observedTime": "2026-03-01T12:00:00Z",
}


@pytest.fixture(autouse=True)
def _one_cluster(cluster: ClusterBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACKGROUNDJOB_SYSTEM_NAMESPACE", raising=False)
    monkeypatch.setattr("backgroundjob.cli.flags.select_backend", lambda *_, **__: cluster)


def stored(state: str = "Queued", reason: str = "QueueLimit") -> dict[str, Any]:
    return {
        "metadata": {"namespace": "shop", "name": "mine", "uid": "u1", "resourceVersion": "7"},
        "spec": {"class": "EmailJob", "method": "send"},
        "status": {"state": state, "reason": reason, "message": "queue mail runs 5 of 5"},
    }


def test_why_shows_the_uid_to_the_operator_behind_the_service_proxy(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    api.answer("GET", MINE, stored())
    api.answer("GET", WHY, ANSWER)
    assert cluster.why("shop", "mine") == Why(
        namespace="shop",
        name="mine",
        state="Queued",
        reason="QueueLimit",
        message="queue mail runs 5 of 5",
        sentence="mine waits: 3 ahead in queue mail, limit 5, about 40s by the last 50 runs",
        ahead=3,
        limited_by="queue mail",
        limit=5,
        estimate_seconds=40,
        basis_runs=50,
        observed_time=datetime(2026, 3, 1, 12, tzinfo=UTC),
    )
    assert api.requests[1] == ("GET", f"{WHY}?uid=u1", None)
    answer = bgjob("why", "mine")
    assert (answer.out, answer.err) == (f"{ANSWER['sentence']}\n", "")


def test_the_operators_namespace_comes_from_the_environment(
    api: FakeApiServer, cluster: ClusterBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BACKGROUNDJOB_SYSTEM_NAMESPACE", "batch")
    api.answer("GET", MINE, stored())
    api.answer("GET", WHY.replace("backgroundjob-system", "batch"), ANSWER)
    assert cluster.why("shop", "mine").ahead == 3


def test_an_ended_job_is_told_without_asking_the_operator(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    api.answer("GET", MINE, stored("Succeeded", "Completed"))
    assert cluster.why("shop", "mine").missing == ""
    assert len(api.requests) == 1


FORBIDDEN = {"kind": "Status", "message": "no", "code": 403}
NO_SERVICE = {"kind": "Status", "message": 'services "backgroundjob-operator" not found', "code": 404}


@pytest.mark.parametrize(
    ("status", "body", "missing"),
    [
        (
            403,
            FORBIDDEN,
            "need get on services/proxy backgroundjob-operator:http in backgroundjob-system (403)",
        ),
        (404, NO_SERVICE, "there is no Service backgroundjob-operator in backgroundjob-system: set BACKGR"),
        (404, {"message": "no object of that name and uid"}, "the operator has not seen the job yet"),
        (503, {"message": "not synced yet"}, "the operator does not answer now (503: not synced yet)"),
        (200, {"state": "Queued"}, "the operator's answer is not understood"),
        (200, b"ok\n", "something that is no Kubernetes object"),
    ],
)
def test_without_an_answer_the_stored_sentence_is_printed_and_what_is_missing(
    api: FakeApiServer, cluster: ClusterBackend, status: int, body: Any, missing: str
) -> None:
    api.answer("GET", MINE, stored())
    api.answer("GET", WHY, body, status)
    answer = bgjob("why", "mine")
    assert answer.code == 0
    assert answer.out == "mine is Queued (QueueLimit): queue mail runs 5 of 5\n"
    assert missing in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_patch_names_the_version_it_was_decided_on(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("PATCH", MINE, stored())
    assert cluster.patch_spec("shop", "mine", {"cancel": True}, "7")["metadata"]["uid"] == "u1"
    body = {"metadata": {"resourceVersion": "7"}, "spec": {"cancel": True}}
    assert api.requests == [("PATCH", PATCHED, body)]


@pytest.mark.parametrize(
    ("status", "fields", "kind"),
    [
        (409, {"reason": "Conflict"}, Conflict),
        (404, {"details": {"name": "mine"}}, NotFound),
        (403, {}, AccessDenied),
        (422, {"details": {"causes": [{"field": "spec.queue", "message": "immutable"}]}}, InvalidSpec),
    ],
)
def test_a_refused_patch_says_why(
    api: FakeApiServer, cluster: ClusterBackend, status: int, fields: dict[str, Any], kind: type[Exception]
) -> None:
    api.refuse("PATCH", MINE, status, "no", **fields)
    with pytest.raises(kind):
        cluster.patch_spec("shop", "mine", {"cancel": True}, "7")


def test_a_restart_is_held_against_the_allow_list_as_a_create_is(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    policy = "ValidatingAdmissionPolicy 'backgroundjob-allow-list' with binding 'x' denied request: gone"
    api.refuse("PATCH", MINE, 422, policy)
    with pytest.raises(NotAllowed, match="gone"):
        cluster.patch_spec("shop", "mine", {"restarts": 1}, "7")


def test_settings_are_the_two_config_maps(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", ALLOW_LIST, {"data": {"EmailJob.send": "target: a:B.c"}})
    api.answer("GET", CONFIG, {})
    found = cluster.settings()
    assert (found.allow_list, found.config, found.missing) == ({"EmailJob.send": "target: a:B.c"}, {}, ())


def test_settings_that_cannot_be_read_are_named_with_the_role(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    api.refuse("GET", ALLOW_LIST, 403, "no")
    api.refuse("GET", CONFIG, 404, "no")
    found = cluster.settings()
    assert (found.allow_list, found.config) == (None, None)
    denied, absent = found.missing
    assert denied.endswith("needs get on it (403): ask for the Role backgroundjob-allow-list-reader")
    assert absent.startswith("ConfigMap backgroundjob-config is not in backgroundjob-system")


def test_events_are_those_of_the_objects_uid_oldest_first(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    api.answer("GET", MINE, stored())
    new, old = (
        {"metadata": {"name": name}, "eventTime": f"2026-03-01T12:0{name}:00.000000Z"} for name in ("2", "1")
    )
    api.answer("GET", "/api/v1/namespaces/shop/events", {"items": [new, old]})
    assert cluster.events("shop", "mine") == [old, new]
    assert "fieldSelector=involvedObject.uid%3Du1" in api.requests[1][1]


def test_describe_shows_a_job_whose_events_are_forbidden(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, stored())
    api.refuse("GET", "/api/v1/namespaces/shop/events", 403, "user may not list events")
    answer = bgjob("describe", "mine")
    assert answer.code == 0
    assert "State:        Queued (QueueLimit)" in answer.out
    assert answer.out.endswith("Events: cannot be read: user may not list events\n")
