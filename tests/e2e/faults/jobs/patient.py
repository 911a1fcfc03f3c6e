"""User code of the fault tests; a ConfigMap of each test's namespace brings it into the pods."""

import time

from backgroundjob import current_job


class PatientJob:
    """Long enough to be hit by a fault, quick afterwards."""

    def run(self, seconds: float = 0) -> int:
        """Wait, in the first attempt only. Returns the number of the attempt."""
        attempt = current_job().attempt
        print("waiting", flush=True)
        try:
            if attempt == 1:
                time.sleep(seconds)
        finally:
            print("cleaned up", flush=True)
        return attempt
