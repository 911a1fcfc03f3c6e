"""The cluster backend in front of an API server that answers as a real one does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from kubernetes.config import incluster_config

from backgroundjob import (
    AccessDenied,
    BackendUnavailable,
    BackgroundJobError,
    InvalidParams,
    InvalidSpec,
    NameConflict,
    NotAllowed,
    NotFound,
    StillRunning,
)
from backgroundjob.backends import kube_watch
from backgroundjob.backends.cluster import ClusterBackend
from backgroundjob.backends.kube_config import connect
from backgroundjob.job_options import JobOptions
from backgroundjob.manifest import backgroundjob_manifest
from backgroundjob.waiting import follow
from fake_api_server import FakeApiServer

COLLECTION = "/apis/backgroundjob.dev/v1alpha1/namespaces/shop/backgroundjobs"
MINE = f"{COLLECTION}/mine"
DENIED = (
    'backgroundjobs.backgroundjob.dev "mine" is forbidden: ValidatingAdmissionPolicy '
    "'{policy}' with binding '{policy}' denied request: {why}"
)


def stored(state: str | None = None, **spec: Any) -> dict[str, Any]:
    """The object `mine` as the API server stores it."""
    return {
        "metadata": {"namespace": "shop", "name": "mine", "uid": "u1", "resourceVersion": "7"},
        "spec": {"class": "EmailJob", "method": "send", "suspend": False, "cancel": False, "restarts": 0}
        | spec,
        "status": {"state": state} if state else {},
    }


def wait(cluster: ClusterBackend, namespace: str, name: str, timeout_seconds: float | None = None) -> Any:
    """The object once it has finished."""
    *_, last = follow(cluster, namespace, name, timeout_seconds=timeout_seconds)
    return last


def manifest(params: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    return backgroundjob_manifest("EmailJob", "send", params, JobOptions(**options))


def test_a_submission_is_posted_to_the_namespace_of_the_context(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    api.answer("POST", COLLECTION, stored(), 201)
    asked = manifest({"to": "a"}, name="mine")
    assert cluster.submit(asked)["metadata"]["uid"] == "u1"
    assert api.requests == [("POST", f"{COLLECTION}?fieldManager=bgjob&fieldValidation=Strict", asked)]


def test_a_namespace_of_the_manifest_goes_first(api: FakeApiServer, cluster: ClusterBackend) -> None:
    path = COLLECTION.replace("shop", "team-a")
    api.answer("POST", path, stored(), 201)
    cluster.submit(manifest(namespace="team-a"))
    assert api.requests[0][1].startswith(path)


def already_exists(api: FakeApiServer) -> None:
    api.refuse("POST", COLLECTION, 409, 'backgroundjobs "mine" already exists', reason="AlreadyExists")


def test_an_existing_name_with_the_same_spec_returns_the_existing_object(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    already_exists(api)
    api.answer("GET", MINE, stored("Running", params={"to": "a"}))
    assert cluster.submit(manifest({"to": "a"}, name="mine"))["status"]["state"] == "Running"


def test_an_existing_name_with_another_spec_shows_the_difference(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    already_exists(api)
    api.answer("GET", MINE, stored(params={"to": "b"}))
    with pytest.raises(NameConflict, match=r"shop/mine exists and differs: params\.to: another value"):
        cluster.submit(manifest({"to": "a"}, name="mine"))


def test_a_made_name_that_is_taken_is_made_again(api: FakeApiServer, cluster: ClusterBackend) -> None:
    already_exists(api)
    api.answer("POST", COLLECTION, stored(), 201)
    assert cluster.submit(manifest())["metadata"]["uid"] == "u1"
    assert [method for method, _, _ in api.requests] == ["POST", "POST"]


def test_a_name_that_frees_itself_in_between_is_taken(api: FakeApiServer, cluster: ClusterBackend) -> None:
    already_exists(api)
    api.answer("POST", COLLECTION, stored(), 201)
    api.refuse("GET", MINE, 404, "not found", details={"name": "mine"})
    assert cluster.submit(manifest(name="mine"))["metadata"]["uid"] == "u1"


NEAR = "EmailJob.sned is not in the allow-list; allowed: EmailJob.bounce, EmailJob.send"


@pytest.mark.parametrize(
    ("status", "message", "fields", "kind", "expected"),
    [
        (403, DENIED.format(policy="backgroundjob-allow-list", why=NEAR), {}, NotAllowed, NEAR),
        (
            422,
            DENIED.format(
                policy="backgroundjob-shape", why="params and args are too large: 70000 characters"
            ),
            {},
            InvalidParams,
            "params and args are too large: 70000 characters",
        ),
        (
            422,
            DENIED.format(policy="backgroundjob-shape", why="runAt may be at most 365 days ahead"),
            {},
            InvalidSpec,
            "runAt may be at most 365 days ahead",
        ),
        (
            422,
            "no params found for policy binding with `Deny` parameterNotFoundAction",
            {},
            NotAllowed,
            "EmailJob.send cannot be checked: the operator's allow-list ConfigMap is missing",
        ),
        (
            422,
            "BackgroundJob is invalid",
            {
                "details": {
                    "causes": [{"field": "spec.queue", "message": "Too long"}, {"field": "a", "message": "b"}]
                }
            },
            InvalidSpec,
            "spec.queue Too long; a b",
        ),
        (
            422,
            "BackgroundJob is invalid",
            {"details": {"causes": [{"field": "spec.params", "message": "Too many"}]}},
            InvalidParams,
            "spec.params Too many",
        ),
        (400, "strict decoding error", {}, InvalidSpec, "strict decoding error"),
        (413, "limit is 3145728", {}, InvalidParams, "params is too large for the API server"),
        (
            500,
            "etcdserver: request is too large",
            {},
            InvalidParams,
            "params is too large for the API server",
        ),
        (
            403,
            'User "eve" cannot create resource "backgroundjobs"',
            {},
            AccessDenied,
            'User "eve" cannot create resource "backgroundjobs"',
        ),
        (401, "Unauthorized", {}, AccessDenied, "the credentials are missing or expired"),
        (
            404,
            'namespaces "shop" not found',
            {"details": {"kind": "namespaces", "name": "shop"}},
            NotFound,
            "Namespace shop not found",
        ),
        (
            404,
            "the server could not find the requested resource",
            {},
            BackendUnavailable,
            "does not know backgroundjobs",
        ),
        (429, "slow down", {}, BackendUnavailable, "has too many requests: slow down"),
        (503, "etcd is down", {}, BackendUnavailable, "answered 503: etcd is down"),
    ],
)
def test_a_refusal_becomes_an_error_with_the_servers_sentence(
    api: FakeApiServer,
    cluster: ClusterBackend,
    *,
    status: int,
    message: str,
    fields: dict[str, Any],
    kind: type[BackgroundJobError],
    expected: str,
) -> None:
    api.refuse("POST", COLLECTION, status, message, **fields)
    with pytest.raises(BackgroundJobError) as caught:
        cluster.submit(manifest(name="mine"))
    assert type(caught.value) is kind
    assert expected in caught.value.message
    assert caught.value.message == caught.value.message.strip()


def test_an_answer_that_is_no_status_is_quoted(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, b"<html>proxy error</html>", 502)
    with pytest.raises(BackendUnavailable, match="answered 502: <html>proxy error"):
        cluster.get("shop", "mine")


def test_an_answer_that_is_no_json_is_no_traceback(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, b"<html>login</html>")
    with pytest.raises(BackendUnavailable, match="no Kubernetes object"):
        cluster.get("shop", "mine")


def test_a_missing_object_is_not_found(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.refuse("GET", MINE, 404, "not found", details={"name": "mine", "kind": "backgroundjobs"})
    with pytest.raises(NotFound, match="BackgroundJob shop/mine not found"):
        cluster.get("shop", "mine")


def test_one_object_nested_5000_levels_deep_does_not_hide_the_others(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    deep = json.dumps(stored(params={"x": "DEEP"})).replace('"DEEP"', "[" * 5000 + "]" * 5000)
    api.answer("GET", COLLECTION, f'{{"items": [{json.dumps(stored())}, {deep}]}}'.encode())
    names = [document["metadata"]["name"] for document in cluster.list("shop")]
    assert names == ["mine", "mine"]


def test_a_list_reads_every_page(api: FakeApiServer, cluster: ClusterBackend) -> None:
    path = "/apis/backgroundjob.dev/v1alpha1/backgroundjobs"
    api.answer("GET", path, {"items": [stored()], "metadata": {"continue": "more"}})
    api.answer("GET", path, {"items": [stored()], "metadata": {}})
    assert len(cluster.list(None)) == 2
    assert [query for _, query, _ in api.requests] == [f"{path}?limit=500", f"{path}?limit=500&continue=more"]


def test_delete_takes_the_jobs_along(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("DELETE", MINE, {"kind": "Status", "status": "Success"})
    cluster.delete("shop", "mine")
    assert api.requests[0][1] == f"{MINE}?propagationPolicy=Background"


def watch(*events: tuple[str, dict[str, Any]]) -> bytes:
    return b"".join(
        json.dumps({"type": kind, "object": document}).encode() + b"\n" for kind, document in events
    )


def test_waiting_watches_from_the_version_that_was_read(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, stored("Running"))
    api.answer("GET", COLLECTION, watch(("MODIFIED", stored("Retrying")), ("MODIFIED", stored("Succeeded"))))
    assert wait(cluster, "shop", "mine", timeout_seconds=20)["status"]["state"] == "Succeeded"
    query = api.requests[1][1].partition("?")[2]
    assert "resourceVersion=7&timeoutSeconds=20&fieldSelector=metadata.name%3Dmine" in query


def test_waiting_for_a_finished_job_opens_no_watch(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, stored("Failed"))
    wait(cluster, "shop", "mine")
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    "ended",
    [b"", watch(("ERROR", {"kind": "Status", "code": 410})), b'{"type": "MODIFIED", "obj', b"\n"],
    ids=["watch ends", "version too old", "cut within a line", "empty line"],
)
def test_a_watch_that_ends_early_is_followed_by_a_read(
    api: FakeApiServer, cluster: ClusterBackend, monkeypatch: pytest.MonkeyPatch, ended: bytes
) -> None:
    monkeypatch.setattr(kube_watch, "_PAUSE_SECONDS", 0)
    api.answer("GET", MINE, stored("Running"))
    api.answer("GET", MINE, stored("Succeeded"))
    api.answer("GET", COLLECTION, ended)
    api.answer("GET", COLLECTION, {"items": [stored("Succeeded")], "metadata": {"resourceVersion": "900"}})
    assert wait(cluster, "shop", "mine")["status"]["state"] == "Succeeded"


def test_a_job_that_has_long_not_changed_is_watched_from_the_version_of_its_list(
    api: FakeApiServer, cluster: ClusterBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its own version never gets newer while it waits: watched from it again, each watch would end at once.
    monkeypatch.setattr(kube_watch, "_PAUSE_SECONDS", 0)
    api.answer("GET", MINE, stored("Queued"))
    api.answer("GET", COLLECTION, watch(("ERROR", {"kind": "Status", "code": 410})))
    api.answer("GET", COLLECTION, {"items": [stored("Queued")], "metadata": {"resourceVersion": "900"}})
    api.answer("GET", COLLECTION, watch(("MODIFIED", stored("Succeeded"))))
    assert wait(cluster, "shop", "mine")["status"]["state"] == "Succeeded"
    assert api.requests[2][1] == f"{COLLECTION}?limit=500&fieldSelector=metadata.name%3Dmine"
    assert "resourceVersion=900" in api.requests[3][1]


def test_a_job_that_is_gone_from_the_list_is_not_found(
    api: FakeApiServer, cluster: ClusterBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_watch, "_PAUSE_SECONDS", 0)
    api.answer("GET", MINE, stored("Queued"))
    api.answer("GET", COLLECTION, watch(("ERROR", {"kind": "Status", "code": 410})))
    api.answer("GET", COLLECTION, {"items": [], "metadata": {"resourceVersion": "900"}})
    with pytest.raises(NotFound, match="shop/mine"):
        wait(cluster, "shop", "mine")


def test_without_the_permission_to_list_an_old_version_is_read_again(
    api: FakeApiServer, cluster: ClusterBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_watch, "_PAUSE_SECONDS", 0)
    api.answer("GET", MINE, stored("Queued"))
    api.answer("GET", MINE, stored("Succeeded"))
    api.answer("GET", COLLECTION, watch(("ERROR", {"kind": "Status", "code": 410})))
    api.refuse("GET", COLLECTION, 403, "cannot list")
    assert wait(cluster, "shop", "mine")["status"]["state"] == "Succeeded"


def test_a_job_that_is_deleted_while_it_is_waited_for_is_not_found(
    api: FakeApiServer, cluster: ClusterBackend
) -> None:
    api.answer("GET", MINE, stored("Running"))
    api.answer("GET", COLLECTION, watch(("DELETED", stored("Running"))))
    with pytest.raises(NotFound, match="shop/mine"):
        wait(cluster, "shop", "mine")


def test_a_wait_that_is_over_says_where_the_job_stands(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, stored("Queued"))
    with pytest.raises(StillRunning, match="shop/mine is still Queued after 0 s"):
        wait(cluster, "shop", "mine", timeout_seconds=0)


def test_a_watch_that_is_refused_for_good_ends_the_wait(api: FakeApiServer, cluster: ClusterBackend) -> None:
    api.answer("GET", MINE, stored("Running"))
    api.refuse("GET", COLLECTION, 401, "Unauthorized")
    with pytest.raises(AccessDenied, match="missing or expired"):
        wait(cluster, "shop", "mine")


def test_without_the_permission_to_watch_it_asks_again(
    api: FakeApiServer, cluster: ClusterBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_watch, "_PAUSE_SECONDS", 0)
    api.answer("GET", MINE, stored("Running"))
    api.answer("GET", MINE, stored("Succeeded"))
    api.refuse("GET", COLLECTION, 403, "cannot watch")
    assert wait(cluster, "shop", "mine")["status"]["state"] == "Succeeded"


def test_a_watch_that_is_refused_for_now_is_tried_again(
    api: FakeApiServer, cluster: ClusterBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kube_watch, "_PAUSE_SECONDS", 0)
    api.answer("GET", MINE, stored("Running"))
    api.refuse("GET", COLLECTION, 503, "not now")
    api.answer("GET", COLLECTION, watch(("MODIFIED", stored("Succeeded"))))
    assert wait(cluster, "shop", "mine")["status"]["state"] == "Succeeded"


class Restarting:
    """An API server that is away between what it answers."""

    def __init__(self, *answers: dict[str, Any] | None) -> None:
        self.answers = list(answers)

    def read(self) -> tuple[list[dict[str, Any]], str]:
        answer = self.answers.pop(0)
        if answer is None:
            raise BackendUnavailable("cluster", "refused")
        return [answer], "7"

    def lines(self, *_: Any, **__: Any) -> Any:
        raise BackendUnavailable("cluster", "refused")

    def watch(self) -> kube_watch.Watch:
        api: Any = self
        return kube_watch.Watch(api, MINE, self.read, seconds=None)


def test_an_api_server_that_restarts_while_it_is_followed_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kube_watch, "_PAUSE_SECONDS", 0)
    told = Restarting(stored("Running"), None, None, stored("Succeeded")).watch().changes()
    assert [next(told).document["status"]["state"] for _ in range(2)] == ["Running", "Succeeded"]


def test_an_api_server_that_is_away_from_the_start_is_told_at_once() -> None:
    with pytest.raises(BackendUnavailable):
        next(Restarting(None).watch().changes())


KUBECONFIG = """
apiVersion: v1
kind: Config
clusters: [{name: a, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: a, user: {}}]
contexts:
- {name: a, context: {cluster: a, user: a, namespace: shop}}
- {name: b, context: {cluster: a, user: a}}
current-context: a
"""


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(KUBECONFIG)
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


@pytest.mark.parametrize(("context", "namespace"), [(None, "shop"), ("a", "shop"), ("b", "default")])
def test_the_namespace_comes_from_the_context(kubeconfig: Path, context: str | None, namespace: str) -> None:
    assert ClusterBackend(context=context).default_namespace == namespace


@pytest.mark.parametrize(
    ("content", "context", "problem"),
    [
        (KUBECONFIG, "c", "Expected object with name c"),
        ("{}", None, "Invalid kube-config"),
        ("a: [", None, "while parsing"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_named(
    kubeconfig: Path, content: str, context: str | None, problem: str
) -> None:
    kubeconfig.write_text(content)
    with pytest.raises(BackendUnavailable, match=re.escape(str(kubeconfig))) as caught:
        connect(context)
    assert problem in caught.value.message


def test_without_any_credentials_the_advice_is_kubeconfig_or_local() -> None:
    with pytest.raises(BackendUnavailable, match="set KUBECONFIG, or use --local"):
        connect()
    with pytest.raises(BackendUnavailable, match="no kubeconfig, so no context 'x'"):
        connect("x")


def test_an_unreachable_server_is_named(kubeconfig: Path) -> None:
    with pytest.raises(BackendUnavailable, match=r"http://127\.0\.0\.1:9 cannot be reached: .*refused"):
        ClusterBackend().get("shop", "mine")


def test_in_a_pod_the_service_account_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in {"token": "sesame", "ca.crt": "certificate", "namespace": "team-a\n"}.items():
        (tmp_path / name).write_text(content)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr("backgroundjob.backends.TOKEN_PATH", tmp_path / "token")
    monkeypatch.setattr("backgroundjob.backends.kube_config._NAMESPACE_PATH", tmp_path / "namespace")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setattr("kubernetes.client.ApiClient", lambda configuration: configuration)
    connection = connect()
    assert connection.namespace == "team-a"
    assert connection.api_client.host == "https://10.96.0.1:443"
    assert connection.api_client.api_key == {"BearerToken": "bearer sesame"}
    (tmp_path / "namespace").unlink()
    with pytest.raises(BackendUnavailable, match="mount a service account token into the pod"):
        connect()


@pytest.mark.parametrize("name", ["", ".", "..", "../../x", "a/status", "A", "a?b"])
def test_what_is_no_name_never_becomes_the_path_of_something_else(
    api: FakeApiServer, cluster: ClusterBackend, name: str
) -> None:
    for call in (
        lambda: cluster.delete("shop", name),  # with an empty name: DELETE of the whole collection
        lambda: cluster.get("shop", name),
        lambda: cluster.patch_spec("shop", name, {"cancel": True}, "7"),
        lambda: cluster.delete(name, "mine"),
        lambda: cluster.list(name),
    ):
        with pytest.raises(NotFound):
            call()
    assert api.requests == []
