"""What the comparison lets pass and what it finds: a page that is wrong fails."""

import pytest

from doc_documents import check_documents
from doc_pages import Block, blocks_of
from doc_session import PageSession, commands_of, differs

SAME = {
    "a part left out": ("attempt … of 3", "attempt 2 of 3"),
    "lines left out": ("first\n…\nlast", "first\nx\ny\nlast"),
    "no line left out": ("first\n...\nlast", "first\nlast"),
    "a time": ("at 2026-01-01T12:00:31Z", "at 2031-05-06T07:08:09Z"),
    "an age": ("mail   Failed   2m", "mail   Failed   14s"),
    "a generated name": ("email-job-send-x7k2p submitted", "email-job-send-9abcd submitted"),
    "the width of columns": ("NAME         STATE", "NAME    STATE"),
}
OTHER = {
    "a word": ("Succeeded", "Failed"),
    "a line too many": ("first", "first\nsecond"),
    "a line too few": ("first\nsecond", "first"),
    "a text that is no time": ("at 2026-01-01T12:00:31Z", "at noon"),
    "a number that is no age": ("took 2m in all", "took 3m in all"),
    "another name": ("email-job-send-x7k2p", "invoice-job-send-9abcd"),
    "one space": ("a b", "ab"),
}


@pytest.mark.parametrize(("shown", "came"), SAME.values(), ids=SAME)
def test_what_varies_is_the_same(shown: str, came: str) -> None:
    assert differs(shown.splitlines(), came) == ""


@pytest.mark.parametrize(("shown", "came"), OTHER.values(), ids=OTHER)
def test_what_a_reader_would_see_otherwise_differs(shown: str, came: str) -> None:
    assert differs(shown.splitlines(), came)


def page(language: str, text: str) -> Block:
    return Block("page.md", 10, language, text)


WRONG = {
    "output": page("console", "$ echo one\ntwo\n"),
    "an exit code": page("sh", "true\nfalse\n"),
    "a command that is not there": page("console", "$ no-such-command\n"),
    "what Python prints": page("python", "print(1)  # 2\n"),
    "what Python never prints": page("python", "if False:\n    print(1)  # 1\n"),
    "an assertion": page("python", "assert 1 == 2\n"),
}


@pytest.mark.parametrize("block", WRONG.values(), ids=WRONG)
def test_a_block_that_is_wrong_fails(block: Block, session: PageSession) -> None:
    with pytest.raises(AssertionError):
        session.run(block)


def test_the_blocks_of_a_page_share_a_shell_and_a_namespace(session: PageSession) -> None:
    session.run(page("sh", "word=kept\n"))
    session.run(
        page("console", "$ echo $word \\\n> twice && cat <<'EOF'\n> $word\n> EOF\nkept twice\n$word\n")
    )
    session.run(page("python", "word = 'kept'\n"))
    session.run(page("python", "print(word)  # kept\n"))


def test_a_block_that_begins_with_the_name_of_a_file_is_that_file(session: PageSession) -> None:
    session.run(page("python", "# hello.py\nprint('hello')\n"))
    session.run(page("console", "$ python hello.py\nhello\n"))


def test_commands_end_where_bash_says() -> None:
    block = page("sh", "for word in a b; do\n  echo $word\ndone\n\ncurl -d '{\n  }' x\n# a remark\nls\n")
    assert [command.text.split()[0] for command in commands_of(block)] == ["for", "curl", "#", "ls"]


def test_every_kind_of_block_is_found_where_it_stands() -> None:
    text = "A\n\n```sh\nls\n```\n\n- in a list\n\n  ```\n  x\n  ```\n\n<!-- setup: cd / -->\n\n    indented\n"
    found = [(block.language, block.line, block.first_line) for block in blocks_of("page.md", text)]
    assert found == [("sh", 4, "ls"), ("", 10, "x"), ("setup", 13, "cd /"), ("", 15, "indented")]


UNKNOWN = {
    "a field of an object": "kind: BackgroundJob\nmetadata: {name: a}\nspec: {class: A, methd: b}",
    "a field of a role": "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nrule: []",
    "a key of an entry": "Email.send: {tarket: a:B.c}",
    "a topic": "limits: {concurency: 2}",
    "a value of the chart": "replicas: 2",
    "a section": "allowList: {}\nconfg: {}",
}


@pytest.mark.parametrize("text", UNKNOWN.values(), ids=UNKNOWN)
def test_a_document_with_something_unknown_fails(text: str) -> None:
    with pytest.raises((ValueError, AssertionError)):
        check_documents(text)
