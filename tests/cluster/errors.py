"""What the tool says when it cannot go on: one line with the reason and the next step."""


class ClusterError(Exception):
    """Shown to the person at the terminal as it is, without a traceback."""


class CommandError(ClusterError):
    """A program ended with something else than 0."""

    def __init__(self, argv: tuple[str, ...], code: int, output: str) -> None:
        self.argv, self.code, self.output = argv, code, output
        tail = " | ".join(output.strip().splitlines()[-4:]) or "no output"
        super().__init__(f"`{' '.join(argv)}` ended with {code}: {tail}")
