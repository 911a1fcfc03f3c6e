"""The longer sentences of verdicts, for the person paged at night."""

from typing import Final

from backgroundjob.api.reasons import Cause
from backgroundjob_operator.engine.observation_pod import ContainerEnd
from backgroundjob_runner.contract import ExceptionDigest, ExitCode, FailureKind, Receipt, ReceiptOutcome

TEXT_LIMIT_CHARACTERS: Final = 300
_IMAGE_HINT: Final = "correct the image of the runner profile, or its pull secret"
_CONFIG_HINT: Final = "create the Secret or ConfigMap it names, or correct the runner profile"
_START_HINTS: Final = {
    "ErrImagePull": _IMAGE_HINT,
    "ImagePullBackOff": _IMAGE_HINT,
    "ErrImageNeverPull": _IMAGE_HINT,
    "InvalidImageName": _IMAGE_HINT,
    "CreateContainerConfigError": _CONFIG_HINT,
    "CreateContainerError": _CONFIG_HINT,
    "StartError": "correct the command or the image of the runner profile",
    "ContainerCannotRun": "correct the command or the image of the runner profile",
    "Unschedulable": "make room, or correct the resources and node selector of the runner profile",
    "QuotaExceeded": "look at the Job's Events: a quota or an admission policy refuses its Pod",
    "ContainerCreating": "look at the Pod's Events: a volume or Secret may be missing",
}
_SIGNALS: Final = {
    4: "SIGILL",
    6: "SIGABRT",
    7: "SIGBUS",
    8: "SIGFPE",
    9: "SIGKILL",
    11: "SIGSEGV",
    15: "SIGTERM",
}
_EXIT_HINTS: Final = {
    ExitCode.NOT_LOADABLE: "the runner uses it when it cannot load the target",
    ExitCode.BAD_INVOCATION: "the runner uses it when it cannot read the invocation",
}


def start_failure_text(reason: str, detail: str) -> str:
    """Why the code never started, and what to correct."""
    hint = _START_HINTS.get(reason)
    text = f"it never started: {reason}"
    if detail:
        text += f" ({one_line(detail)})"
    return f"{text}; {hint}" if hint else text


def exit_text(end: ContainerEnd, problem: str) -> str:
    """An exit without a final receipt, its signal by name where it has one."""
    text = f"the process ended with exit code {end.exit_code}"
    if end.exit_code > 128 and end.exit_code - 128 in _SIGNALS:
        text += f" ({_SIGNALS[end.exit_code - 128]})"
    if end.exit_code in _EXIT_HINTS:
        text += f" ({_EXIT_HINTS[ExitCode(end.exit_code)]})"
    if end.reason == "OOMKilled":
        text += " after one of its children was killed for want of memory"
    return f"{text} and {problem or 'its receipt is not final'}: look in its log"


def receipt_cause(receipt: Receipt) -> Cause | None:
    """The cause that a final receipt names; None for success."""
    if receipt.outcome is ReceiptOutcome.SUCCEEDED:
        return None
    if receipt.outcome is ReceiptOutcome.TIMEOUT:
        return Cause.TIMEOUT
    if receipt.outcome is ReceiptOutcome.RETRY_LATER:
        return Cause.RETRY_LATER
    not_loadable = receipt.failure in (FailureKind.NOT_LOADABLE, FailureKind.BAD_INVOCATION)
    return Cause.NOT_LOADABLE if not_loadable else Cause.APP_ERROR


def receipt_text(receipt: Receipt) -> str:
    """What a final receipt says, as a sentence. Never the exception's message: it may hold a param."""
    raised = _raised(receipt.exception)
    if receipt.outcome is ReceiptOutcome.SUCCEEDED:
        omitted = "; its result was left out, as it is no JSON or too large" if receipt.result_omitted else ""
        return f"the method returned{omitted}"
    if receipt.outcome is ReceiptOutcome.TIMEOUT:
        return "it ran longer than timeoutSeconds: raise it, or look in the log where it stood"
    if receipt.outcome is ReceiptOutcome.RETRY_LATER:
        return f"the method asked to be tried again after {receipt.retry_after_seconds or 0} s"
    if receipt.failure is FailureKind.NOT_LOADABLE:
        return f"the runner cannot load the target{raised}: correct the allow-list entry or the image"
    if receipt.failure is FailureKind.BAD_INVOCATION:
        hint = "use an operator and a runner image of the same release"
        return f"the runner cannot read its invocation{raised}: {hint}"
    if receipt.failure is FailureKind.FATAL:
        return f"the method raised Fatal{raised}, so there is no retry"
    return f"the method raised {receipt.exception.type if receipt.exception else 'an exception'}"


def one_line(text: str) -> str:
    """Text of the cluster, on one line and cut."""
    line = " ".join(text.split())
    return line if len(line) <= TEXT_LIMIT_CHARACTERS else f"{line[: TEXT_LIMIT_CHARACTERS - 1]}…"


def _raised(exception: ExceptionDigest | None) -> str:
    return f" ({exception.type})" if exception is not None else ""
