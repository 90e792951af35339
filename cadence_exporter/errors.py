"""The four families of errors. Adapters translate a library's exceptions at their border and chain the cause."""

from dataclasses import dataclass

from cadence_exporter.model.observation import FailureReason

LONGEST = 2000
"""Characters of a text in an error: whoever wrote the file or the answer decides how long a key or a name in it is."""


def printable(text: str) -> str:
    """``text`` as one line that any terminal can show: what breaks lines, steers terminals or cannot be encoded is spelt out."""
    text = text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the settings: where it stands, which key, what is wrong and what to write instead."""

    where: str
    """``file:line:col``, ``environment`` or ``.env:line``."""
    key: str
    """Dotted key, as in ``dns.records[0].ttl``; empty when the file as a whole is meant."""
    text: str

    def __str__(self) -> str:
        return printable(": ".join(part for part in (self.where, self.key, self.text) if part))


class SettingsError(Exception):
    """The settings cannot be used. Carries every problem, not only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class ProbeFailed(Exception):
    """A question was not answered usefully. Becomes a ``Failed`` reading; the loop is the retry."""

    def __init__(self, reason: FailureReason, detail: str) -> None:
        self.reason = reason
        self.detail = printable(detail)
        super().__init__(f"{reason}: {self.detail}")


class ActionFailed(Exception):
    """An action did not work. ``refusal`` says that it must not be tried as things stand (a conflict, not a fault).

    ``doubtful``, of the power: it may be off, with nobody sure to turn it on again; ``ensure_on`` is owed.
    """

    def __init__(
        self, detail: str, *, retry_after_s: float | None = None, refusal: bool = False, doubtful: bool = False
    ) -> None:
        self.detail = printable(detail)
        super().__init__(self.detail)
        self.retry_after_s = retry_after_s
        self.refusal = refusal
        self.doubtful = doubtful


class StateUnavailable(Exception):
    """The state store cannot be read or written (full, read-only, broken, or in use by another instance)."""
