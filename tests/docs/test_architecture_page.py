"""The drawings of docs/architecture.md name what is there."""

import re

import backgroundjob_operator.engine.planner as planner_module
import backgroundjob_operator.engine.store as store_module
from backgroundjob_operator.runtime import actuator
from doc_pages import ROOT, all_blocks

TREE, LAYERS, TURN = [
    block.text for block in all_blocks() if (block.page, block.language) == ("docs/architecture.md", "text")
]


def test_the_tree_names_what_is_there() -> None:
    text = re.sub(
        r"tests/\{(.*?)\}/", lambda found: "  ".join(f"tests/{f}/" for f in found[1].split(",")), TREE
    )
    named = re.findall(r"(?:(?<=\s)|^)([a-z_]+(?:/[a-z_]+)*)/", text, re.MULTILINE)
    assert {"client", "charts/backgroundjob", "tests/docs"} <= {*named}
    below_packages = {"api"}
    assert [name for name in named if not (ROOT / name).is_dir() and name not in below_packages] == []
    packages = re.findall(r"^(\w+)/ +(backgroundjob\w*)", TREE, re.MULTILINE)
    assert len(packages) == 3
    assert all((ROOT / folder / package / "__init__.py").is_file() for folder, package in packages)


def test_the_layers_name_modules_that_are_there() -> None:
    folder, named = "", []
    for line in LAYERS.splitlines():
        head = re.match(r"(\w+)(/|\.py) +", line)
        if head:
            folder = head[1] if head[2] == "/" else ""
            named += [] if folder else [head[1]]
        if folder in ("runtime", "cluster"):
            words = re.sub(r"\(.*?(\)|$)|^.*?turns:", "", line).split(",")
            named += [
                f"{folder}/{word.strip().removesuffix('.py').split('/')[-1]}"
                for word in words
                if word.strip()
            ]
    assert {"kopf_app", "runtime/elector"} <= {*named}


def test_the_turn_names_what_the_code_calls_so() -> None:
    assert [*re.findall(r"(\w+)\.(\w+)", TURN)] == [("Store", "apply_"), ("Planner", "plan")]
    assert callable(store_module.Store.apply_background_job)
    assert callable(planner_module.Planner.plan)
    assert callable(actuator.Actuator)
