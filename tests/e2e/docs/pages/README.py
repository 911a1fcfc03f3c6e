"""The table of README.md: the page's own object, one that waits for its retry, and one that failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doc_pages import all_blocks
from doc_session import PageSession
from e2e_product import Namespace


@contextmanager
def around(session: PageSession, namespace: Namespace, folder: Path) -> Iterator[None]:
    mail = next(b for b in all_blocks() if (b.page, b.language) == ("README.md", "yaml"))
    namespace.kubectl("create", "-f", "-", stdin=mail.text)
    namespace.apply("failing", "FailingJob", "run", retry={"delays": [0]})
    later = {"delaySeconds": 600, "jitterPercent": 0}
    namespace.apply("invoice", "InvoiceJob", "create", params={"number": 42}, priority="high", retry=later)
    namespace.wait("welcome-ada", "Succeeded")
    namespace.wait("failing", "Failed")
    namespace.wait("invoice", "Retrying")
    yield
