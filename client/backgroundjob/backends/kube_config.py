"""Credentials and address of the API server: from a kubeconfig, exec plugins included, else from the pod."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from backgroundjob.backends import TOKEN_PATH, in_cluster, kubeconfig_files
from backgroundjob.errors import BackendUnavailable, NotInstalled

_NAMESPACE_PATH = TOKEN_PATH.with_name("namespace")
_ADVICE = "check it with: kubectl config view --minify"


@dataclass(frozen=True, slots=True)
class Connection:
    """A client of the official library and the namespace of its context."""

    api_client: Any
    namespace: str


def connect(context: str | None = None) -> Connection:
    """The connection that kubectl would make. Raises BackendUnavailable."""
    files = kubeconfig_files()
    if files:
        return _from_kubeconfig(files, context)
    if context is not None:
        raise BackendUnavailable("cluster", f"no kubeconfig, so no context {context!r}", "set KUBECONFIG")
    if in_cluster():
        return _from_pod()
    raise BackendUnavailable(
        "cluster", "there is no kubeconfig and no in-cluster token", "set KUBECONFIG, or use --local"
    )


def _official_client(module: str) -> Any:
    """A module of the `kubernetes` package: 0.4 s to import, and its loaders carry no types."""
    try:
        return import_module(f"kubernetes.{module}")
    except ModuleNotFoundError as error:
        problem = f"{error.name} cannot be found"
        raise NotInstalled("the backend 'cluster'", problem, "backgroundjob[client]") from error


def _configuration() -> Any:
    configuration = _official_client("client").Configuration()
    # urllib3 would try thrice more, each time for as long as the first: a server that hangs would hold us
    # for minutes. Once, because a connection that was kept open may have died meanwhile.
    retry = import_module("urllib3").Retry(total=1, redirect=0, other=0)
    configuration.retries = retry
    return configuration


def _from_kubeconfig(files: Sequence[Path], context: str | None) -> Connection:
    config = _official_client("config")
    paths = os.pathsep.join(str(path) for path in files)
    try:
        contexts, current = config.list_kube_config_contexts(paths)
        configuration = _configuration()
        config.load_kube_config(paths, context=context, client_configuration=configuration)
        api_client = _official_client("client").ApiClient(configuration)
    except (config.ConfigException, import_module("yaml").YAMLError, ValueError, TypeError, OSError) as error:
        raise BackendUnavailable("cluster", f"{paths}: {error}", _ADVICE) from error
    chosen = next((item for item in contexts if item["name"] == context), current)
    return Connection(api_client, str(chosen.get("context", {}).get("namespace") or "default"))


def _from_pod() -> Connection:
    client, config = _official_client("client"), _official_client("config")
    configuration = _configuration()
    try:
        config.load_incluster_config(client_configuration=configuration)
        namespace = _NAMESPACE_PATH.read_text(encoding="utf-8").strip()
    except (config.ConfigException, OSError) as error:
        raise BackendUnavailable(
            "cluster", str(error), "mount a service account token into the pod"
        ) from error
    return Connection(client.ApiClient(configuration), namespace or "default")
