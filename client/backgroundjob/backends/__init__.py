"""Where jobs run: the one interface that the helper, the handle and the CLI speak, and how one is chosen.

A backend lives in an entry point of the group `backgroundjob.backends`; its class takes no
required argument. Nothing here knows Kubernetes.
"""

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, TypeVar

from backgroundjob import plugins
from backgroundjob.errors import BackendUnavailable, NotInstalled

if TYPE_CHECKING:
    from backgroundjob.doctor.check import Check
    from backgroundjob.stored_settings import StoredSettings
    from backgroundjob.why import Why

Document = dict[str, Any]
"""A BackgroundJob as the API server answers it."""

BACKEND_VARIABLE: Final = "BACKGROUNDJOB_BACKEND"
TOKEN_PATH: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an object."""

    type: Literal["ADDED", "MODIFIED", "DELETED"]
    document: Document
    """As it is now; for a deletion, as it was last seen."""


class Backend(Protocol):
    """Runs BackgroundJobs. Safe to use from several threads."""

    @property
    def name(self) -> str:
        """As in the entry point: `cluster`, `local`."""

    @property
    def default_namespace(self) -> str:
        """The namespace of a call that names none."""

    def submit(self, manifest: Mapping[str, Any]) -> Document:
        """Create the object and return it as stored.

        `metadata.namespace` may be missing: the default one. With `metadata.generateName` a new
        name is made until one is free (`names.with_random_suffix`); such a call never returns an
        existing object. With `metadata.name` an existing object is returned when it asks for the
        same (`difference.existing_if_same`). Raises SubmitError.
        """

    def get(self, namespace: str, name: str) -> Document:
        """The object. Raises NotFound."""

    def list(self, namespace: str | None) -> Sequence[Document]:
        """All objects of the namespace; of every namespace for None."""

    def logs(
        self,
        namespace: str,
        name: str,
        *,
        attempt: int | None = None,
        follow: bool = False,
        errors: bool = False,
    ) -> Iterator[str]:
        """Lines without their line ends, of the newest attempt unless one is named.

        `follow` goes on until the job has finished, over further attempts unless one is named.
        `errors` leaves only error lines and tracebacks. Raises NotFound, LogsUnavailable.
        """

    def changes(
        self, namespace: str | None, name: str | None = None, *, timeout_seconds: float | None = None
    ) -> Generator[Change, None, None]:
        """Each object that exists, as ADDED, then every change as it comes, until the time is over.

        Of the namespace, of every namespace for None, or of the one object with that name; a deletion ends
        its changes. Raises NotFound when the named object does not exist.
        """

    def delete(self, namespace: str, name: str) -> None:
        """Remove the object and what it owns. Raises NotFound."""

    def patch_spec(
        self,
        namespace: str,
        name: str,
        patch: Mapping[str, Any],
        resource_version: str,
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> Document:
        """Merge the patch into the spec if the object still has that version; the object as stored.

        The annotations are written in the same change; others of the object stay.
        Raises NotFound, Conflict, and SubmitError when the change is refused.
        """

    def why(self, namespace: str, name: str) -> "Why":
        """Why it does not run yet. Raises NotFound; who cannot tell says so in `Why.missing`."""

    def settings(self) -> "StoredSettings":
        """The administrator's settings; what cannot be read is said in `StoredSettings.missing`."""

    def events(self, namespace: str, name: str) -> Sequence[Document]:
        """Events about the object, oldest first. Raises NotFound, AccessDenied."""

    def checks(self, namespace: str) -> "Iterator[Check]":
        """What `bgjob doctor` says to a user of the namespace, one thing after the other. Raises nothing."""


B = TypeVar("B", bound=Backend)
_override: list[Backend] = []


@contextmanager
def use_backend(backend: B) -> Iterator[B]:
    """Make it the backend of every call in the process that names none, as tests want."""
    _override.append(backend)
    try:
        yield backend
    finally:
        last = max(index for index, one in enumerate(_override) if one is backend)
        del _override[last]  # other threads may have added theirs since


def select_backend(backend: Backend | str | None = None, *, context: str | None = None) -> Backend:
    """The backend to use: the argument, else BACKGROUNDJOB_BACKEND, else by what this machine has.

    A kubeconfig or an in-cluster token means `cluster`; without either it is `local`. `context`
    names a kubeconfig context. Raises NotInstalled, BackendUnavailable.
    """
    if backend is not None and not isinstance(backend, str):
        return backend
    if backend is None and context is None and _override:
        return _override[-1]
    name = backend or ("cluster" if context else os.environ.get(BACKEND_VARIABLE) or None)
    if name is None:
        return _cluster_or_local()
    if context is not None and name != "cluster":
        raise BackendUnavailable(name, f"it has no context {context!r}", "leave the context out")
    return _one_per_process(name, context)


def _cluster_or_local() -> Backend:
    if kubeconfig_files() or in_cluster():
        return _one_per_process("cluster")
    try:
        return _one_per_process("local")
    except NotInstalled as error:
        # The user may never have heard of local mode: say why it was chosen.
        raise BackendUnavailable(
            "cluster",
            f"there is no kubeconfig and no in-cluster token, and {error.message}",
            f"set KUBECONFIG; or, to run jobs on this machine: {error.next_step}",
        ) from error


def _one_per_process(name: str, context: str | None = None) -> Backend:
    # A backend holds connections and short-lived credentials: kept between calls, but over no fork.
    return _make(name, context, os.environ.get("KUBECONFIG"), os.getpid())


@cache
def _make(name: str, context: str | None, _kubeconfig: str | None, _process: int) -> Backend:
    kind = plugins.load(plugins.BACKENDS, name, f"the backend {name!r}")
    backend: Backend = kind(context=context) if context is not None else kind()
    return backend


def kubeconfig_files() -> Sequence[Path]:
    """The kubeconfig files that exist, as kubectl finds them."""
    named = os.environ.get("KUBECONFIG")
    candidates = named.split(os.pathsep) if named else ["~/.kube/config"]
    return [path for path in (Path(text).expanduser() for text in candidates if text) if path.is_file()]


def in_cluster() -> bool:
    """Whether this process runs in a pod with a service account token."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST")) and TOKEN_PATH.is_file()
