"""The version before this one: its chart and its images, made from its own sources by its own tool."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from e2e_product import ROOT
from tests.cluster.archive import merge_archives
from tests.cluster.commands import run
from tests.cluster.protocol import Cluster, Images

BEFORE_THE_FIRST_TAG: Final = "e21021d0dfce88b58c3b706b942b7206b91ae92e"
"""The last commit with one replica and a CRD that Helm does not own."""

# Run in the other tree, whose tool knows its own Dockerfiles and files.
_BUILD: Final = """
import json
from tests.cluster import images, paths, progress
cache = paths.cache_directory()
with images._locked(cache):
    found = images.ImageBuilder(cache, progress.Progress()).archives()
print(json.dumps({spec.name: str(archive) for spec, archive in found.items()}))
"""


@dataclass(frozen=True, slots=True)
class Previous:
    """What an installation of that version needs."""

    ref: str
    tree: Path
    images: Images

    @property
    def chart(self) -> Path:
        return self.tree / "charts/backgroundjob"


def previous_ref() -> str:
    """The newest tag before this commit, else the commit that stands for one."""
    described = subprocess.run(
        ["git", "describe", "--tags", "--abbrev=0", "HEAD^"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or BEFORE_THE_FIRST_TAG


def provide_previous(cluster: Cluster, tree: Path) -> Previous:
    """Check that version out into the empty directory `tree`, build its images and load them."""
    ref = previous_ref()
    with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
        run(["git", "archive", f"--output={archive.name}", ref], directory=ROOT)
        run(["tar", "--extract", f"--file={archive.name}", f"--directory={tree}"])
    environment = {"PYTHONPATH": str(tree), "PATH": os.environ["PATH"]}
    built = run([sys.executable, "-c", _BUILD], environment=environment, directory=tree)
    archives = {name: Path(path) for name, path in json.loads(built.splitlines()[-1]).items()}
    references = {name: f"localhost/{name}:previous" for name in archives}
    merged = tree / "images.tar"
    merge_archives({references[name]: archive for name, archive in archives.items()}, merged)
    cluster.load(merged)
    merged.unlink()
    images = Images(
        operator=references["backgroundjob-operator"],
        runner=references["backgroundjob-runner"],
        examples=references["backgroundjob-examples"],
    )
    return Previous(ref, tree, images)
