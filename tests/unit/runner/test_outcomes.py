"""What becomes of what a method does. Each test is a real process."""

import pytest

from backgroundjob_runner.contract import RECEIPT_LIMIT_BYTES, ExitCode, FailureKind, ReceiptOutcome
from runner_process import RunnerProcess


def test_a_method_that_returns_has_succeeded_with_its_result(runner: RunnerProcess) -> None:
    runner.job("class Job:\n def run(self, to, subject='Hello'): return {'to': to, 'subject': subject}")
    ended = runner.run(params={"to": "a@example.org"})
    assert ended.code == ExitCode.SUCCEEDED
    assert ended.receipt.outcome is ReceiptOutcome.SUCCEEDED
    assert ended.receipt.result == {"to": "a@example.org", "subject": "Hello"}
    assert (ended.receipt.uid, ended.receipt.attempt) == ("uid-1", 1)


@pytest.mark.parametrize("kind", ["async", "hidden"])
def test_an_async_method_is_awaited_also_behind_a_plain_decorator(runner: RunnerProcess, kind: str) -> None:
    runner.job(
        "def hidden(f): return lambda self: f(self)\n"
        f"class Job:\n {'@hidden' if kind == 'hidden' else ''}\n async def run(self): return 7"
    )
    assert runner.run().receipt.result == 7


def test_static_and_class_methods_of_a_base_run_without_an_instance(runner: RunnerProcess) -> None:
    runner.job(
        "class Base:\n"
        " def __init__(self): raise RuntimeError('an instance was made')\n"
        " @classmethod\n def run(cls): return cls.__name__\n"
        " @staticmethod\n def plain(number): return number\n"
        "class Job(Base): pass"
    )
    assert runner.run().receipt.result == "Job"
    assert runner.run(target="job:Job.plain", params={"number": 3}).receipt.result == 3


def test_an_exception_is_reported_with_its_ancestors_and_the_users_frames(runner: RunnerProcess) -> None:
    runner.job("class Busy(OSError): pass\nclass Job:\n def run(self): raise Busy('later')")
    ended = runner.run()
    assert ended.code == ExitCode.FAILED
    assert ended.receipt.failure is FailureKind.APP_ERROR
    exception = ended.receipt.exception
    assert exception is not None
    assert (exception.type, exception.message) == ("job.Busy", "later")
    assert exception.ancestors == ("job.Busy", "OSError", "Exception")
    assert "in run" in exception.traceback
    assert "backgroundjob_runner" not in exception.traceback


@pytest.mark.parametrize(
    ("statement", "kind", "message"),
    [
        ("raise BaseException('odd')", "BaseException", "odd"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
        ("raise GeneratorExit", "GeneratorExit", ""),
        ("raise MemoryError('all of it')", "MemoryError", "all of it"),
        (
            "import sys; sys.exit(0)",
            "SystemExit",
            "sys.exit(0) was called; a job ends by returning or raising",
        ),
        ("f = lambda: f(); f()", "RecursionError", "maximum recursion depth exceeded"),
        (
            "raise ExceptionGroup('two', [OSError('a'), ValueError('b')])",
            "ExceptionGroup",
            "two (2 sub-exceptions)",
        ),
        ("raise Silent", "job.Silent", "<no message: __str__ raised RuntimeError>"),
    ],
)
def test_whatever_is_raised_is_a_failure_of_the_job(
    runner: RunnerProcess, statement: str, kind: str, message: str
) -> None:
    runner.job(
        "class Silent(Exception):\n def __str__(self): raise RuntimeError\n"
        f"class Job:\n def run(self):\n  {statement}"
    )
    ended = runner.run()
    assert ended.code == ExitCode.FAILED
    assert ended.receipt.failure is FailureKind.APP_ERROR
    assert ended.receipt.exception is not None
    assert ended.receipt.exception.type == kind
    assert ended.receipt.exception.message.startswith(message)


def test_fatal_says_that_a_retry_is_of_no_use(runner: RunnerProcess) -> None:
    runner.job("from backgroundjob import Fatal\nclass Job:\n def run(self): raise Fatal('no such customer')")
    ended = runner.run()
    assert (ended.code, ended.receipt.failure) == (ExitCode.FAILED, FailureKind.FATAL)


@pytest.mark.parametrize(
    ("given", "seconds"), [("90", 90), ("1.2", 2), ("-5", 0), ("10**30", 31_536_000), ("'x'", 0)]
)
def test_retry_later_carries_whole_seconds_within_a_year(
    runner: RunnerProcess, given: str, seconds: int
) -> None:
    runner.job(f"from backgroundjob import RetryLater\nclass Job:\n def run(self): raise RetryLater({given})")
    ended = runner.run()
    assert (ended.code, ended.receipt.outcome) == (ExitCode.RETRY_LATER, ReceiptOutcome.RETRY_LATER)
    assert ended.receipt.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("object()", "Object of type object is not JSON serializable"),
        ("float('nan')", "Out of range float values are not JSON compliant"),
        ("(lambda a: a.append(a) or a)([])", "Circular reference detected"),
        ("'x' * 5000", "it does not fit into 4000 bytes"),
    ],
)
def test_a_result_that_cannot_be_kept_is_left_out_and_said_so(
    runner: RunnerProcess, expression: str, reason: str
) -> None:
    runner.job(f"class Job:\n def run(self): return {expression}")
    ended = runner.run()
    assert (ended.code, ended.receipt.outcome) == (0, ReceiptOutcome.SUCCEEDED)
    assert ended.receipt.result_omitted
    assert ended.receipt.result is None
    assert reason in ended.output


def test_os_exit_leaves_no_receipt(runner: RunnerProcess) -> None:
    ended = runner.run(target="jobs.hostile:HostileJob.exit_without_receipt")
    assert (ended.code, ended.receipt_text) == (0, b"")


def test_garbage_at_the_receipt_path_is_replaced(runner: RunnerProcess) -> None:
    ended = runner.run(target="jobs.hostile:HostileJob.garbage_receipt")
    assert ended.receipt.result == "done"
    assert len(ended.receipt_text) < RECEIPT_LIMIT_BYTES


def test_a_forked_child_that_comes_back_writes_no_receipt_and_no_line(runner: RunnerProcess) -> None:
    ended = runner.run(target="jobs.hostile:HostileJob.fork")
    assert ended.receipt.outcome is ReceiptOutcome.SUCCEEDED
    assert ended.output.count("SUCCEEDED") == 1
    runner.job(
        "import os\nclass Job:\n def run(self):\n"
        "  child = os.fork()\n  if not child: raise ValueError\n"
        "  return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])"
    )
    ended = runner.run()
    assert ended.receipt.result == ExitCode.FAILED
    assert "FAILED" not in ended.output


def test_multiprocessing_children_start_and_can_be_terminated(runner: RunnerProcess) -> None:
    runner.job(
        "import multiprocessing, time\n"
        "class Job:\n def run(self, method):\n"
        "  child = multiprocessing.get_context(method).Process(target=time.sleep, args=(60,))\n"
        "  child.start(); child.terminate(); child.join(); return child.exitcode"
    )
    assert runner.run(params={"method": "fork"}).receipt.result == -15
    assert runner.run(params={"method": "spawn"}).receipt.result == -15


def test_much_output_passes_through(runner: RunnerProcess) -> None:
    ended = runner.run(target="jobs.hostile:HostileJob.print_much", params={"megabytes": 5})
    assert ended.receipt.result == 5
    assert len(ended.output) > 5 * 1024**2


def test_threads_left_behind_do_not_hold_the_process(runner: RunnerProcess) -> None:
    runner.job(
        "import threading, time\nclass Job:\n"
        " def run(self): threading.Thread(target=time.sleep, args=(60,)).start()"
    )
    assert runner.run().receipt.outcome is ReceiptOutcome.SUCCEEDED


def test_atexit_functions_run_and_unflushed_output_is_kept(runner: RunnerProcess) -> None:
    runner.job(
        "import atexit, sys\nclass Job:\n def run(self):\n"
        "  atexit.register(print, 'sent'); sys.stdout.write('no newline')"
    )
    output = runner.run().output
    assert "sent" in output
    assert "no newline" in output


@pytest.mark.parametrize("statement", ["sys.stdout.close()", "sys.stdout = None", "os.close(1); os.close(2)"])
def test_a_job_that_breaks_its_output_still_gets_its_receipt(runner: RunnerProcess, statement: str) -> None:
    runner.job(f"import os, sys\nclass Job:\n def run(self):\n  {statement}")
    assert runner.run().receipt.outcome is ReceiptOutcome.SUCCEEDED


def test_a_receipt_path_that_cannot_be_written_is_said_in_the_log(runner: RunnerProcess) -> None:
    runner.job("class Job:\n def run(self): pass")
    ended = runner.run(environment={"BACKGROUNDJOB_RECEIPT": str(runner.folder / "nowhere" / "receipt")})
    assert ended.code == 0
    assert f"cannot be written to {runner.folder / 'nowhere' / 'receipt'}: No such file" in ended.output


def test_the_invoice_fails_once_and_then_succeeds(runner: RunnerProcess) -> None:
    target = "jobs.invoice:InvoiceJob.create"
    assert runner.run(target=target, params={"number": 5}).receipt.outcome is ReceiptOutcome.FAILED
    second = runner.run(target=target, params={"number": 5}, attempt=2)
    assert second.receipt.result == {"number": 5, "attempt": 2}


def test_the_other_sample_jobs_end_as_their_names_say(runner: RunnerProcess) -> None:
    mail = runner.run(target="jobs.email:EmailJob.send", params={"to": "a@example.org"})
    assert mail.receipt.result == {"to": "a@example.org", "subject": "Hello"}
    assert "LOG Job.run job=shop/mail params={} - sent 'Hello'" in mail.output
    unlucky = runner.run(target="jobs.email:EmailJob.send", params={"to": "a", "failure_percent": 100})
    assert unlucky.receipt.exception is not None
    assert "ConnectionError" in unlucky.receipt.exception.ancestors
    failing = runner.run(target="jobs.failing:FailingJob.run")
    assert failing.receipt.exception is not None
    assert failing.receipt.exception.ancestors == ("jobs.failing.BrokenOrderError", "ValueError", "Exception")
    assert runner.run(target="jobs.seed:SeedJob.users", params={"count": 250}).receipt.result == {
        "users": 250
    }


def test_the_process_is_told_where_it_is(runner: RunnerProcess) -> None:
    runner.job(
        "from backgroundjob import current_job\nclass Job:\n def run(self):\n"
        "  job = current_job()\n"
        "  return [job.namespace, job.name, job.attempt, job.max_attempts, job.fencing_token,"
        " job.deadline.tzname(), 25 < job.remaining_seconds <= 30]"
    )
    assert runner.run(attempt=2).receipt.result == ["shop", "mail", 2, 3, 2, "UTC", True]
