"""Exit codes of `bgjob`. `wait` and `run --wait` tell the outcome by them."""

from enum import IntEnum

from backgroundjob.api.reasons import State
from backgroundjob.errors import BackgroundJobError, NotPossible, StillRunning, SubmitError


class ExitCode(IntEnum):
    """What a shell sees."""

    SUCCEEDED = 0
    FAILED = 1
    """The job failed."""
    USAGE = 2
    """The command line is wrong."""
    CANCELLED = 3
    """The job was cancelled."""
    REJECTED = 4
    """The job was refused, at submission or by the operator; or it is in the wrong state for a verb."""
    UNAVAILABLE = 5
    """Nothing is known of the job: not found, no permission, or the backend cannot be reached."""
    INTERRUPTED = 130
    """Ctrl+C, before all was done. As a shell reports SIGINT."""
    TIMED_OUT = 124
    """The job did not finish in time; it goes on. As timeout(1)."""


_OF_STATE = {
    State.SUCCEEDED: ExitCode.SUCCEEDED,
    State.FAILED: ExitCode.FAILED,
    State.CANCELLED: ExitCode.CANCELLED,
    State.REJECTED: ExitCode.REJECTED,
}


def of_state(state: str) -> ExitCode:
    """The code of a finished job."""
    return _OF_STATE[State(state)]


def of_error(error: BackgroundJobError) -> ExitCode:
    """The code of an error of the library."""
    if isinstance(error, StillRunning):
        return ExitCode.TIMED_OUT
    if isinstance(error, SubmitError | NotPossible):
        return ExitCode.REJECTED
    return ExitCode.UNAVAILABLE
