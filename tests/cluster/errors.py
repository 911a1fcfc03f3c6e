"""What the tool says when it cannot go on: one line with the reason and the next step."""


class ClusterError(Exception):
    """Shown to the person at the terminal as it is, without a traceback."""


class CommandError(ClusterError):
    """A program ended with something else than 0."""

    def __init__(self, argv: tuple[str, ...], code: int, output: str) -> None:
        self.argv, self.code, self.output = argv, code, output
        tail = " | ".join(output.strip().splitlines()[-4:]) or "no output"
        super().__init__(f"`{' '.join(_without_environment(argv))}` ended with {code}: {tail}")


def _without_environment(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The program itself, without `… env NAME=value …` before it."""
    if "env" not in argv[:6]:
        return argv
    settings = argv.index("env") + 1
    while settings < len(argv) and "=" in argv[settings]:
        settings += 1
    return argv[settings:]
