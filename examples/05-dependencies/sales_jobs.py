"""Jobs that wait for others. They hand their data on in a store that all can reach: here, a folder."""

import json
from pathlib import Path

from backgroundjob import Fatal, JobClass, job

FOLDER = Path("sales")


class SalesJob(JobClass):
    """Sales of several shops, added up."""

    @job
    def fetch(self, shop: str) -> None:
        """Fetch the sales of one shop."""
        if shop == "nowhere":
            raise Fatal("there is no such shop")
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"{shop}.json").write_text(json.dumps([len(shop), 10]))

    @job
    def add_up(self, shops: list[str]) -> int:
        """Add up what was fetched."""
        return sum(sum(json.loads((FOLDER / f"{shop}.json").read_text())) for shop in shops)

    @job
    def clear(self) -> list[str]:
        """Remove what was fetched."""
        found = sorted(FOLDER.glob("*.json"))
        for file in found:
            file.unlink()
        return [file.stem for file in found]
