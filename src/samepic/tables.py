"""Tables: verdicts, groups, measures and fingerprints as a data frame of pandas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from samepic.decision import Decision, Match
from samepic.duplicates.groups import Group
from samepic.errors import SamepicError, missing_part
from samepic.fingerprints.fingerprint import Fingerprint
from samepic.measures.table import Measured, Measures
from samepic.verdict import Verdict

if TYPE_CHECKING:
    from pandas import DataFrame

_OBJECTS = ("box", "jpeg", "match", "proof")  # whose columns are of what is in them, where they are not null
Item = Verdict | SamepicError | Group | Measures | Measured | Fingerprint | Decision | Match


def to_pandas(items: Item | Iterable[Item]) -> DataFrame:
    """Return a pandas data frame of verdicts, groups, measures, fingerprints, decisions or matches.

    A verdict is one row: its answer, the number of its `regions`, the score of its `visibility`, then its `facts`, its
    `measures` and what is known of `a` and `b`, in columns such as "facts.turned" and "a.jpeg.quality"; an error of
    `compare_many` is a row with nothing but `error`. A group is a row for each file, with its `role`. Measures in a
    list are one row each, with a column for each measure; one `Measures` alone has a row for each measure.

    Raises MissingPartError without pandas, and TypeError for anything else.
    """
    try:
        from pandas import DataFrame
    except ImportError:
        raise missing_part("samepic.to_pandas", "pandas", "pandas") from None
    if isinstance(items, Measures):
        items = items.values()
    listed = [items] if isinstance(items, Item) else items
    table = DataFrame([row for item in listed for row in _rows(item)])
    return table.astype({"same": "boolean"}) if "same" in table else table


def _rows(item: Item) -> Iterator[dict[str, Any]]:
    match item:
        case Verdict():
            yield _verdict_row(item)
        case SamepicError():
            yield {"error": str(item)}
        case Group():
            first = {"group": item.number, "role": "reference", **item.reference.to_dict()}
            yield {**first, "explanation": item.reason}
            for member in item.members:
                yield {"group": item.number, "role": "member", **member.to_dict()}
        case Measures():
            yield {row.name: row.value for row in item.rows}
        case Measured():
            yield dict(_flat(asdict(item) | {"reliability": str(item.reliability)}))
        case Fingerprint() | Decision() | Match():
            yield dict(_flat(item.to_dict()))
        case _:
            raise TypeError(
                f"expected verdicts, groups, measures or fingerprints, found {type(item).__name__}"
            )


def _verdict_row(verdict: Verdict) -> dict[str, Any]:
    values = verdict.to_dict()
    names = "relation", "same", "probability", "explanation"
    return {
        "a": verdict.a.name,
        "b": verdict.b.name,
        **{name: values[name] for name in names},
        "regions": len(verdict.regions),
        "original": verdict.original,
        "original_reason": verdict.original_reason,
        "visibility": verdict.visibility.score if verdict.visibility else None,
        "error": None,
        **dict(_flat({name: values[name] for name in ("facts", "measures", "a", "b")})),
    }


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of JSON objects within each other under names such as "a.jpeg.quality"."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif value is not None or name not in _OBJECTS:
            yield before + name, value
