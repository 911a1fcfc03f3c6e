"""The backends under test, with examples/jobs/typed.py as their only jobs.

BACKGROUNDJOB_CONFORMANCE_NAMESPACE names a namespace of the current cluster, whose operator allows them; then
that is the one backend. tests/e2e/test_conformance.py does so.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
import yaml

from backgroundjob.backends import use_backend
from backgroundjob.backends.cluster import ClusterBackend
from backgroundjob.backends.kube_config import connect
from backgroundjob.stored_settings import StoredSettings
from backgroundjob_operator.local.backend import LocalBackend
from backgroundjob_operator.local.inline import InlineBackend
from backgroundjob_operator.local.state import LocalOptions
from conformance import Place, allowed
from local_mode import SAMPLE_JOBS

NAMESPACE = os.environ.get("BACKGROUNDJOB_CONFORMANCE_NAMESPACE", "")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Local mode: one state directory for all tests."""
    folder = tmp_path_factory.mktemp("local")
    shutil.copytree(SAMPLE_JOBS, folder / "jobs", ignore=shutil.ignore_patterns("__pycache__"))
    options = LocalOptions(
        state_directory=folder / "state", settings_file=folder / "settings.yaml", working_directory=folder
    )
    options.settings_file.write_text(yaml.safe_dump({"allowList": allowed()}))

    def put_secret(name: str, key: str, value: str) -> None:
        path = options.state_directory / "secrets" / "default" / name / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value)

    return Place(LocalBackend(options=options), put_secret)


@pytest.fixture(scope="module")
def inline() -> Iterator[Place]:
    """The process of the tests itself."""
    backend = InlineBackend(settings=StoredSettings(allow_list=allowed()))

    def put_secret(name: str, key: str, value: str) -> None:
        backend.secrets["default", name] = {key: value}

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SAMPLE_JOBS.parent)
        yield Place(backend, put_secret)


@pytest.fixture(scope="module")
def cluster() -> Place:
    """A real cluster."""
    from kubernetes.client import CoreV1Api, V1ObjectMeta, V1Secret  # noqa: PLC0415  0.4 s, for the cluster alone

    connection = replace(connect(None), namespace=NAMESPACE)
    api = CoreV1Api(connection.api_client)

    def put_secret(name: str, key: str, value: str) -> None:
        secret = V1Secret(metadata=V1ObjectMeta(name=name), string_data={key: value})
        api.create_namespaced_secret(NAMESPACE, secret)

    return Place(ClusterBackend(connection=connection), put_secret)


@pytest.fixture(params=["cluster"] if NAMESPACE else ["local", "inline"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """The backend under test, as that of every call."""
    found: Place = request.getfixturevalue(request.param)
    with use_backend(found.backend):
        yield found
