"""What a job must not do. For tests: each method misbehaves in one way, and only its own job may suffer."""

import base64
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Never
from urllib.parse import quote

from backgroundjob import current_job


class HostileJob:
    """Methods that misbehave."""

    def exit_without_receipt(self, code: int = 0) -> Never:
        """Leave the process behind the runner's back."""
        os._exit(code)

    def exit(self, code: int = 0) -> Never:
        """Call sys.exit, as a command-line program does."""
        sys.exit(code)

    def print_much(self, megabytes: int = 100) -> int:
        """Print that many megabytes, a kilobyte a line."""
        line = "x" * 1023
        for _ in range(megabytes * 1024):
            print(line)
        return megabytes

    def fork(self) -> int:
        """Let a child come back from here too; the parent waits for it. Not on Windows."""
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        return os.getpid()

    def garbage_receipt(self) -> str:
        """Write to the path where the receipt belongs, then end well."""
        self._receipt_path().write_bytes(b'{"protocol": 1, "outcome": "Failed"' + b"\xff garbage" * 2000)
        return "done"

    def forged_receipt(self) -> Never:
        """Write garbage in the place of the receipt and leave before the runner can mend it."""
        self._receipt_path().write_bytes(b"\xff not a receipt")
        os._exit(0)

    def sleep(self, seconds: float) -> float:
        """Block, without ever looking at the clock."""
        time.sleep(seconds)
        return seconds

    def spin(self, seconds: float = 3600) -> Never:
        """Compute without end, and swallow whatever is raised to stop it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                for _ in range(10**9):
                    pass
            except BaseException:  # noqa: BLE001, S112  this is the misbehaviour
                continue
        raise RuntimeError("nobody stopped me")

    def memory(self, megabytes: int = 4096) -> int:
        """Take and touch that much memory."""
        blocks = [bytearray(os.urandom(1024) * 1024) for _ in range(megabytes)]
        return len(blocks)

    def recurse(self) -> int:
        """Call itself until Python gives up."""
        return self.recurse() + 1

    def huge_result(self, kilobytes: int = 64) -> str:
        """Return more than a receipt holds."""
        return "x" * 1024 * kilobytes

    def result_not_json(self) -> object:
        """Return something that JSON does not know."""
        return object()

    def raise_exit(self) -> Never:
        """Raise what `except Exception` does not catch."""
        raise KeyboardInterrupt("not from a keyboard")

    def raise_secret(self, token: str) -> Never:
        """Put a secret into a log line, a message, a note and the messages of causes."""
        current_job().log(f"using {token}")
        cause = ConnectionError(f"no answer from https://api.example.org/?token={quote(token)}")
        basic = base64.b64encode(f"ada:{token}".encode()).decode()
        cause.add_note(f"headers: {json.dumps({'Authorization': f'Basic {basic}', 'Token': token})}")
        raise PermissionError(f"no access with {token!r}") from cause

    def return_secret(self, token: str) -> dict[str, Any]:
        """Return a secret on every level of a result."""
        encoded = base64.b64encode(token.encode()).decode()
        return {
            "a": [{token: token, "b": [None, f"Bearer {token}"]}],
            "c": json.dumps({"d": [token, encoded]}),
        }

    def print_secret(self, token: str) -> int:
        """Print a secret, past the runner."""
        print(f"printed {token}")
        return len(token)

    def _receipt_path(self) -> Path:
        return Path(os.environ.get("BACKGROUNDJOB_RECEIPT", "/dev/termination-log"))
