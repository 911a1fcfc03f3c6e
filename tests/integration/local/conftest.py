"""One state directory per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local_mode import LocalMode


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalMode]:
    """Local mode in a temporary folder."""
    mode = LocalMode(tmp_path)
    yield mode
    mode.objects.close()
