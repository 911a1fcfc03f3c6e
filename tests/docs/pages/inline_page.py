"""A page whose jobs run inline: its namespace is a module, and nothing is allowed but its own typed jobs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from backgroundjob.backends import use_backend
from backgroundjob_operator.local.inline import InlineBackend
from doc_session import PageSession


@contextmanager
def around(
    session: PageSession, place: Path, settings: str = "allowList: {}\n", *, run_on_submit: bool = True
) -> Iterator[None]:
    (place / "backgroundjob.yaml").write_text(settings)
    module = ModuleType("page")
    session.namespace = module.__dict__
    sys.modules[module.__name__] = module
    try:
        with use_backend(InlineBackend(run_on_submit=run_on_submit)):
            yield
    finally:
        del sys.modules[module.__name__]
