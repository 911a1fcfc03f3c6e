"""docs/secrets.md in the namespace of the test; its object runs with the Secret that the page makes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doc_pages import all_blocks
from doc_session import PageSession
from e2e_product import Namespace


@contextmanager
def around(session: PageSession, namespace: Namespace, folder: Path) -> Iterator[None]:
    session.replace = {"-n shop": f"-n {namespace.name}"}
    session.bash.run("KEY=of-this-test")
    yield
    webhook = next(b for b in all_blocks() if (b.page, b.language) == ("docs/secrets.md", "yaml"))
    text = webhook.text.replace("namespace: shop", f"namespace: {namespace.name}")
    namespace.kubectl("create", "-f", "-", stdin=text)
    assert namespace.wait("webhook", "Succeeded", "Failed", "Rejected")["state"] == "Succeeded"
