"""What a folder of the ladder allows is what its code asks for: the files are generated, not written."""

from pathlib import Path

import pytest
import yaml

from backgroundjob.catalogue import entries

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MODULES = [
    module
    for module in sorted(EXAMPLES.glob("[0-9][0-9]-*/*_jobs.py"))
    if (module.parent / "backgroundjob.yaml").exists()
]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_allow_list_is_what_the_code_asks_for(module: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(module.parent))
    allowed = yaml.safe_load((module.parent / "backgroundjob.yaml").read_text())["allowList"]
    # As text: the order of params.properties is that of positional arguments.
    assert yaml.safe_dump(allowed, sort_keys=False) == yaml.safe_dump(entries([module.stem]), sort_keys=False)
