"""Which backend a call uses."""

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from backgroundjob import BackendUnavailable, NotInstalled, backends, plugins
from backgroundjob.backends import BACKEND_VARIABLE, select_backend, use_backend
from backgroundjob.testing import InMemoryBackend

Offer = Callable[..., None]


class Cluster(InMemoryBackend):
    def __init__(self, context: str | None = None) -> None:
        super().__init__()
        self.context = context


class Local(InMemoryBackend):
    pass


@pytest.fixture(autouse=True)
def offer(monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Replace the entry points by these; `cluster` and `local` of this module to begin with."""

    def replace(**values: str) -> None:
        found = {name: EntryPoint(name, value, plugins.BACKENDS) for name, value in values.items()}
        monkeypatch.setattr(plugins, "installed", lambda group: found)
        backends._make.cache_clear()

    monkeypatch.setitem(__import__("sys").modules, "offered", __import__("types").ModuleType("offered"))
    monkeypatch.setattr("offered.Cluster", Cluster, raising=False)
    monkeypatch.setattr("offered.Local", Local, raising=False)
    replace(cluster="offered:Cluster", local="offered:Local")
    return replace


def with_kubeconfig(home: Path) -> None:
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text("{}")


def test_an_instance_is_used_as_it_is() -> None:
    backend = InMemoryBackend()
    assert select_backend(backend) is backend


def test_without_a_cluster_it_is_this_machine() -> None:
    assert isinstance(select_backend(), Local)


def test_a_kubeconfig_means_the_cluster(tmp_path: Path) -> None:
    with_kubeconfig(tmp_path)
    assert isinstance(select_backend(), Cluster)


def test_a_token_in_a_pod_means_the_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret")
    monkeypatch.setattr(backends, "TOKEN_PATH", token)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert isinstance(select_backend(), Cluster)


def test_the_variable_decides_over_what_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with_kubeconfig(tmp_path)
    monkeypatch.setenv(BACKEND_VARIABLE, "local")
    assert isinstance(select_backend(), Local)
    assert isinstance(select_backend("cluster"), Cluster)


def test_a_context_means_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = select_backend(context="staging")
    assert isinstance(chosen, Cluster)
    assert chosen.context == "staging"
    with pytest.raises(BackendUnavailable, match="no context 'staging'"):
        select_backend("local", context="staging")


def test_a_backend_in_use_serves_calls_that_name_none() -> None:
    with use_backend(InMemoryBackend()) as outer, use_backend(InMemoryBackend()) as inner:
        assert select_backend() is inner is not outer
        assert isinstance(select_backend("local"), Local)
    assert isinstance(select_backend(), Local)


def test_the_backend_before_is_back_after_one_that_was_in_use_already() -> None:
    first, second = InMemoryBackend(), InMemoryBackend()
    with use_backend(first), use_backend(second):
        with use_backend(first):
            assert select_backend() is first
        assert select_backend() is second


def test_an_empty_variable_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BACKEND_VARIABLE, "")
    assert isinstance(select_backend(), Local)


def test_one_backend_serves_all_calls_of_a_process() -> None:
    assert select_backend("local") is select_backend("local")


def test_an_unknown_backend_is_refused_with_the_known_ones() -> None:
    with pytest.raises(NotInstalled, match="'redis' is not installed: the installed ones are cluster, local"):
        select_backend("redis")


def test_a_missing_extra_is_named(offer: Offer) -> None:
    offer(local="backgroundjob_operator.local.nowhere:LocalBackend")
    with pytest.raises(NotInstalled, match=r"pip install 'backgroundjob\[local\]'"):
        select_backend("local")


def test_local_mode_chosen_for_want_of_a_cluster_says_why(offer: Offer) -> None:
    offer(local="backgroundjob_operator.local.nowhere:LocalBackend")
    with pytest.raises(BackendUnavailable, match="no kubeconfig and no in-cluster token") as caught:
        select_backend()
    assert (
        caught.value.next_step
        == "set KUBECONFIG; or, to run jobs on this machine: pip install 'backgroundjob[local]'"
    )


def test_a_foreign_part_is_named_by_its_distribution() -> None:
    assert plugins.requirement_of(EntryPoint("x", "elsewhere:X", plugins.BACKENDS)) == "backgroundjob"
    assert (
        plugins.requirement_of(EntryPoint("x", "backgroundjob.backends.y:X", "g")) == "backgroundjob[client]"
    )


def test_the_real_entry_points_name_cluster_and_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert {"cluster", "local"} <= set(plugins.installed(plugins.BACKENDS))


def test_kubeconfig_files_are_found_as_kubectl_finds_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("{}")
    two.write_text("{}")
    monkeypatch.setenv("KUBECONFIG", f"{one}:{tmp_path / 'gone'}:{two}:")
    assert backends.kubeconfig_files() == [one, two]
