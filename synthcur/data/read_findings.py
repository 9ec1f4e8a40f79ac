"""What was guessed while a file was read, so that nobody overlooks it."""

from collections.abc import Iterable, Mapping

from synthcur.data.tables import RawTable
from synthcur.schema import Finding, FindingState


def guessed_encodings(tables: Mapping[str, RawTable]) -> Iterable[Finding]:
    """Name the files whose encoding was guessed; a wrong guess damages letters, not rows."""
    said = [
        f"{file}: {table.guessed_encoding}"
        for file, table in tables.items()
        if table.guessed_encoding
    ]
    if said:
        yield Finding(
            code="guessed_encoding",
            title=f"Encoding guessed, {'; '.join(said)}",
            state=FindingState.CHECK,
            rows=(),
            of=len(tables),
        )
