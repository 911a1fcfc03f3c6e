"""Secret params reach the method, and nothing else that is written."""

from hypothesis import given
from hypothesis import strategies as st

from backgroundjob_runner.contract import FailureKind
from backgroundjob_runner.redaction import REDACTED, Redactor
from runner_process import RunnerProcess


def test_a_secret_reaches_the_method_unchanged(runner: RunnerProcess) -> None:
    runner.secret("token", b"s3cret-value\n")
    runner.job("class Job:\n def run(self, token): return len(token)")
    assert runner.run(secret_params=("token",)).receipt.result == 13


def test_a_secret_is_kept_out_of_receipt_and_log(runner: RunnerProcess) -> None:
    runner.secret("token", b"s3cret'value\n")
    runner.job(
        "from backgroundjob import current_job\nclass Job:\n def run(self, token):\n"
        "  current_job().log(f'using {token}')\n"
        "  try: raise KeyError(token)\n"
        "  except KeyError as error: raise ValueError('no access with ' + token.strip()) from error"
    )
    ended = runner.run(secret_params=("token",), loggable=("token",))
    assert "s3cret" not in ended.output + ended.errors
    assert b"s3cret" not in ended.receipt_text
    assert ended.receipt.exception is not None
    assert ended.receipt.exception.message == f"no access with {REDACTED}"


def test_a_secret_is_kept_out_of_the_result(runner: RunnerProcess) -> None:
    runner.secret("token", b"12345678")
    runner.job("class Job:\n def run(self, token): return {token: [token, int(token), 'x' + token, 8]}")
    result = runner.run(secret_params=("token",)).receipt.result
    assert result == {REDACTED: [REDACTED, REDACTED, "x" + REDACTED, 8]}


def test_a_secret_that_is_missing_or_no_text_is_named_and_not_shown(runner: RunnerProcess) -> None:
    runner.job("class Job:\n def run(self, token): pass")
    runner.secret("other", b"")
    missing = runner.run(secret_params=("token",)).receipt
    assert missing.failure is FailureKind.NOT_LOADABLE
    assert missing.exception is not None
    assert missing.exception.message == "secret param token cannot be read: No such file or directory"
    runner.secret("token", b"\xff\xfe secret")
    binary = runner.run(secret_params=("token",)).receipt
    assert binary.exception is not None
    assert binary.exception.message == "secret param token is not UTF-8 text; store it as base64"


def test_a_param_given_openly_and_as_a_secret_is_refused(runner: RunnerProcess) -> None:
    runner.secret("token", b"s3cret-value")
    runner.job("class Job:\n def run(self, token): pass")
    receipt = runner.run(secret_params=("token",), params={"token": "open"}).receipt
    assert receipt.exception is not None
    assert receipt.exception.message == "token is given both in params and in paramsFrom; keep one"


def test_each_line_of_a_private_key_is_a_secret() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nabc\n-----END KEY-----\n"
    assert Redactor([key]).text("found MIIEvQIBADANBg in line 2") == f"found {REDACTED} in line 2"


def test_values_too_short_to_be_secrets_do_not_ruin_the_text() -> None:
    assert Redactor(["a", "", "\n"]).text("a banana\n") == "a banana\n"


@given(
    secret=st.text(min_size=4).filter(lambda text: len(text.strip()) >= 4), before=st.text(), after=st.text()
)
def test_no_text_gives_a_secret_away(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    if secret not in REDACTED:
        shown = redactor.text(f"{before}{secret}{after}")
        assert secret not in shown.replace(REDACTED, "") or secret in before + after
        assert repr(secret)[1:-1] not in redactor.text(repr(secret))
