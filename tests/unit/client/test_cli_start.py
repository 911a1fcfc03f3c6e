"""How fast `bgjob` starts: by what it loads, which is the same on every machine."""

import subprocess
import sys
import time
from collections.abc import Callable

import pytest

HEAVY = {
    "aiohttp",
    "backgroundjob.api.fields",
    "jsonschema",
    "kopf",
    "kubernetes",
    "prometheus_client",
    "requests",
    "sqlite3",
    "urllib3",
    "yaml",
}
"""None of them is needed to print a help text. `backgroundjob.api.fields` stands for all our models."""
MOST_MODULES = 500
"""469 were counted for `list --help`, with Python 3.11, typer 0.29 and pydantic 2.14: 80 of them."""

CODE = """
import contextlib, io, sys
sys.argv = {arguments!r}
from backgroundjob.cli.app import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
print(*sys.modules)
"""


def run(code: str) -> tuple[set[str], float]:
    """The modules that were loaded, and how long it took in milliseconds."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split()), (time.perf_counter() - began) * 1000


@pytest.mark.parametrize(
    ("arguments", "own_heavy"),
    [
        pytest.param(["bgjob", "--help"], {"pydantic"}, id="help"),
        # typer itself checks the options of a command by pydantic, where it is installed.
        pytest.param(["bgjob", "list", "--help"], set(), id="list --help"),
        pytest.param(["bgjob", "--version"], {"pydantic", "rich"}, id="version"),
    ],
)
def test_a_help_text_loads_nothing_heavy(
    arguments: list[str], own_heavy: set[str], record_property: Callable[[str, object], None]
) -> None:
    loaded, milliseconds = run(CODE.format(arguments=arguments))
    _, nothing = run("pass")
    record_property("milliseconds", f"{milliseconds:.0f}, {nothing:.0f} of them Python's own")
    sys.stdout.write(f"{' '.join(arguments)}: {milliseconds - nothing:.0f} ms, {len(loaded)} modules\n")
    assert loaded & (HEAVY | own_heavy) == set()
    assert len(loaded) <= MOST_MODULES


def test_listing_on_this_machine_loads_no_engine(tmp_path_factory: pytest.TempPathFactory) -> None:
    state = tmp_path_factory.mktemp("state")
    code = f"import os; os.environ['BACKGROUNDJOB_STATE_DIR'] = {str(state)!r}"
    loaded, _ = run(code + CODE.format(arguments=["bgjob", "list", "--local"]))
    assert (
        loaded & {"jsonschema", "kubernetes", "prometheus_client", "backgroundjob_operator.local.engine"}
        == set()
    )
    assert "backgroundjob_operator.local.backend" in loaded
