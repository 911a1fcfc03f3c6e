"""User code of the security tests; a ConfigMap of each test's namespace brings it into the pods."""

import os
import time
from pathlib import Path
from typing import Any, Never

TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
SETUID = 0o6000


class ProbeJob:
    """Tells what a job sees."""

    def echo(self, value: Any = None) -> list[Any]:
        """Give the value back. In a list: null alone would be no result."""
        return [value]

    def seconds(self, seconds: float) -> float:
        """Take that long."""
        time.sleep(seconds)
        return seconds

    def both(self, plain: str, value: str) -> list[str]:
        """Give both parameters back."""
        return [plain, value]

    def fail(self, plain: str, value: str) -> Never:
        """Raise with the secret one in the message."""
        raise PermissionError(f"no access with {value}")

    def large(self, result_kilobytes: int, line_megabytes: int) -> str:
        """Print one line that long, and return that much."""
        for _ in range(line_megabytes):
            print("x" * 1024 * 1024, end="")
        print()
        return "x" * 1024 * result_kilobytes

    def surroundings(self) -> dict[str, Any]:
        """What the pod gives to the code: user, token, API server, writable places, privileges."""
        status = dict(
            line.split(":\t", 1)
            for line in Path("/proc/self/status").read_text().splitlines()
            if ":\t" in line
        )
        return {
            "user": os.getuid(),
            "group": os.getgid(),
            "token": TOKEN.exists(),
            "writable": [place for place in ("/", "/app", "/etc", "/opt", "/usr", "/tmp") if writable(place)],
            "noNewPrivileges": status["NoNewPrivs"],
            "capabilities": status["CapEff"],
            "ours": sorted(name for name in os.environ if name.startswith("BACKGROUNDJOB")),
        }

    def leftovers(self) -> dict[str, list[str]]:
        """What an image should not hold: setuid programs, installers, caches of package managers."""
        setuid, left = [], []
        for folder, folders, names in os.walk("/"):
            folders[:] = [name for name in folders if f"{folder}/{name}" not in ("//proc", "//sys")]
            for name in names:
                path = Path(folder) / name
                if not path.is_symlink() and path.lstat().st_mode & SETUID:
                    setuid.append(str(path))
        for pattern in ("/var/lib/apt/lists/*", "/var/cache/apt/**/*.deb", "/root/.cache/*", "/usr/**/pip"):
            left += [str(found) for found in Path("/").glob(pattern[1:])]
        return {"setuid": setuid[:20], "left": left[:20]}


def writable(place: str) -> bool:
    """By trying: access() says yes on some read-only file systems."""
    try:
        (Path(place) / ".probe").write_text("")
    except OSError:
        return False
    return True
