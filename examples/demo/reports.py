"""Keeps its slot busy: what makes others wait, and priority visible."""

import time

from backgroundjob import current_job


class ReportJob:
    """Reports."""

    def build(self, title: str, seconds: float = 2) -> dict[str, str]:
        """Pretend to compute for some seconds."""
        current_job().log(f"building {title!r}")
        time.sleep(seconds)
        return {"report": f"{title}.pdf"}
