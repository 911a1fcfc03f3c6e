"""What the node keeps of a pod that has not ended."""

import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from backgroundjob_operator.cluster.port import Document
from backgroundjob_operator.local.attempt_files import AttemptFiles


@dataclass(slots=True, kw_only=True)
class NodeAttempt:
    """A pod that has not ended."""

    pod: Document
    """As last seen: names, owner and spec of it never change."""
    job_uid: str
    files: AttemptFiles
    log: Path
    backstop: datetime | None
    process: "subprocess.Popen[bytes] | None" = None
    """The supervisor, if this engine started it."""
    lacks: str = ""
    """The Secret or key without which it cannot start."""
    is_shown_running: bool = False
    is_stop_wanted: bool = False
    is_stop_asked: bool = False
    is_silent: bool = False
    probe_at: float = 0.0
