"""docs/http.md runs against a server on loopback, with files for a pod's token and certificate."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from doc_session import PageSession
from fake_api_server import FakeApiServer, serving

COLLECTION: Final = "/apis/backgroundjob.dev/v1alpha1/namespaces/shop/backgroundjobs"
JOB: Final = f"{COLLECTION}/invoice-42"
ADDRESS: Final = "https://kubernetes.default.svc"
PLACE: Final = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN: Final = "of-this-test"
SENT: Final = {
    "apiVersion": "backgroundjob.dev/v1alpha1",
    "kind": "BackgroundJob",
    "metadata": {"name": "invoice-42"},
    "spec": {"class": "InvoiceJob", "method": "create", "params": {"number": 42}},
}


@contextmanager
def pod(folder: Path) -> Iterator[tuple[FakeApiServer, dict[str, str]]]:
    """The server, and what stands in the page instead of its address and files."""
    account = folder / "serviceaccount"
    account.mkdir()
    (account / "token").write_text(f"{TOKEN}\n")
    (account / "ca.crt").touch()
    with serving() as api:
        stored = SENT | {"metadata": {"name": "invoice-42", "uid": "u-1"}}
        api.answer("POST", COLLECTION, stored, 201)
        for method in ("GET", "PATCH", "DELETE"):
            api.answer(method, JOB, stored)
        yield api, {ADDRESS: api.url, PLACE: str(account)}
        assert api.requests[0] == ("POST", COLLECTION, SENT)
        assert {*api.authorizations} == {f"Bearer {TOKEN}"}


@contextmanager
def around(session: PageSession, folder: Path) -> Iterator[None]:
    with pod(folder) as (api, replace):
        session.replace = replace
        yield
        assert api.requests[1:] == [
            ("GET", JOB, None),
            ("PATCH", JOB, {"spec": {"cancel": True}}),
            ("DELETE", JOB, None),
        ]
