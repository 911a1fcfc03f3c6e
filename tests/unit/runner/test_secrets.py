"""Secret params reach the method, and nothing else that is written."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
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


HARD = "p'a\"s\\s/w+örd \t&=%"
WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "repr": repr,
    "repr beside other quotes": lambda text: repr(f"'{text}\""),
    "repr of a repr": lambda text: repr(ValueError(repr(text))),
    "repr of bytes": lambda text: repr(text.encode()),
    "JSON": json.dumps,
    "JSON with all letters": lambda text: json.dumps({"a": text}, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps([text])),
    "repr of JSON": lambda text: repr(json.dumps(text)),
    "a URL's path": quote,
    "a URL's query": quote_plus,
    "a URL's parameter": lambda text: quote(text, safe=""),
    "encodeURIComponent": lambda text: quote(text, safe="!'()*"),
    "a URL that a library mended": lambda text: quote(text, safe="/!$&'()*+,;=:@"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "HEX": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("secret", [HARD, "simple-token-123", "ab?>cd\n"], ids=["hard", "simple", "newline"])
@pytest.mark.parametrize("way", WRITTEN)
def test_a_secret_is_found_however_it_is_written_down(way: str, secret: str) -> None:
    shown = Redactor([secret]).text(f"before {WRITTEN[way](secret)} after")

    assert REDACTED in shown
    assert len(shown) <= len(f'before "\\"\\"{{"a": []}}ValueError {REDACTED}\n"\' after')


@pytest.mark.parametrize(
    "shown",
    ["simple-token", "SIMPLE-TOKEN-123", "321-nekot-elpmis", json.dumps(["simple", "token", "123"])],
    ids=["a part", "upper case", "backwards", "in pieces"],
)
def test_what_is_not_the_value_is_left_alone(shown: str) -> None:
    assert Redactor(["simple-token-123"]).text(shown) == shown


@given(before=st.binary(), secret=st.text(min_size=8), after=st.binary())
def test_base64_gives_a_secret_away_wherever_it_stands_in_the_encoded_bytes(
    before: bytes, secret: str, after: bytes
) -> None:
    data = before + secret.encode() + after
    redactor = Redactor([secret])
    if secret.strip() == secret:
        assert REDACTED in redactor.text(base64.b64encode(data).decode())
        assert REDACTED in redactor.text(base64.urlsafe_b64encode(data).decode())


def test_user_and_password_of_an_authorization_header_are_hidden() -> None:
    header = base64.b64encode(b"ada:s3cret-value").decode()
    # The characters at the edges hold 4 bits and 2 bits of the secret.
    assert Redactor(["s3cret-value"]).text(f"Basic {header}") == f"Basic YWRhOn{REDACTED}Q=="


def test_the_texts_in_a_secret_that_is_json_are_secrets() -> None:
    account = json.dumps({"client": {"private_key": "-----BEGIN\nMIIEvQIBADANBg\n"}, "retries": [3, "s"]})
    redactor = Redactor([account])
    assert redactor.text("bad key -----BEGIN\nMIIEvQIBADANBg\n") == f"bad key {REDACTED}"
    assert redactor.text("line MIIEvQIBADANBg, 3 retries") == f"line {REDACTED}, 3 retries"


@pytest.mark.parametrize("text", ["{broken json", "[" * 100_000], ids=["broken", "deep"])
def test_a_secret_that_only_looks_like_json_is_a_secret_as_a_whole(text: str) -> None:
    assert Redactor([text]).text(f"<{text}>") == f"<{REDACTED}>"


def test_the_password_in_a_url_is_a_secret_of_its_own() -> None:
    redactor = Redactor(["postgres://ada:p%40ssw0rd@db.example.org/shop?x=1"])
    assert redactor.text("ada p%40ssw0rd, p@ssw0rd at db") == f"ada {REDACTED}, {REDACTED} at db"


def test_a_secret_is_kept_out_of_all_levels_of_a_result(runner: RunnerProcess) -> None:
    runner.secret("token", b'{"a": "s3cret\\"value"}')
    runner.job(
        "import base64, json\nclass Job:\n def run(self, token):\n"
        "  inner = json.loads(token)['a']\n"
        "  return {'a': [{'b': token, inner: 1}, json.dumps({'c': json.dumps(inner)})],\n"
        "          'd': base64.b64encode(token.encode()).decode()}"
    )
    ended = runner.run(secret_params=("token",))
    assert ended.receipt.result == {
        "a": [{"b": REDACTED, REDACTED: 1}, f'{{"c": "\\"{REDACTED}\\""}}'],
        "d": REDACTED,
    }


def test_a_secret_is_kept_out_of_notes_causes_and_groups(runner: RunnerProcess) -> None:
    runner.secret("token", b"s3cret-value")
    runner.job(
        "class Job:\n def run(self, token):\n"
        "  inner = KeyError(token)\n  inner.add_note('note ' + token)\n"
        "  outer = ExceptionGroup('group ' + token, [inner, OSError(2, token, token)])\n"
        "  raise type('E' + token.replace('-', '_'), (ValueError,), {})(token) from outer"
    )
    ended = runner.run(secret_params=("token",))
    assert "s3cret-value" not in ended.output + ended.errors + ended.receipt_text.decode()
    assert "[redacted]" in ended.output


def test_what_the_job_prints_itself_is_its_own(runner: RunnerProcess) -> None:
    runner.secret("token", b"s3cret-value")
    runner.job("class Job:\n def run(self, token): print('mine', token)")
    assert "mine s3cret-value" in runner.run(secret_params=("token",)).output


def test_a_secret_param_is_text_whatever_it_looks_like(runner: RunnerProcess) -> None:
    runner.secret("port", b"5432")
    runner.job("class Job:\n def run(self, port): return type(port).__name__")
    assert runner.run(secret_params=("port",)).receipt.result == "str"


def test_nothing_is_imported_for_secrets_in_a_job_without_them(runner: RunnerProcess) -> None:
    runner.job(
        "import sys\nclass Job:\n"
        " def run(self, **_): return 'backgroundjob_runner.secret_forms' in sys.modules"
    )
    assert runner.run().receipt.result is False
    runner.secret("token", b"s3cret-value")
    assert runner.run(secret_params=("token",)).receipt.result is True


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
