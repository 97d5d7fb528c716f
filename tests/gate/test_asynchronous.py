"""The gate for async frameworks does what the gate does, many at once."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import pytest

from samepic import AsyncGate, Gate, Outcome, StoreKeyError
from samepic.sandbox.pool import InProcess
from tests.gate.pictures import captioned, resaved


def test_every_method_of_the_gate_can_be_awaited_with_the_same_arguments() -> None:
    for name, method in inspect.getmembers(Gate, inspect.isfunction):
        if name.startswith("_") and name != "__init__":
            continue
        other = getattr(AsyncGate, name)
        assert inspect.signature(other).parameters == inspect.signature(method).parameters, name
        kind = (
            inspect.isasyncgenfunction if inspect.isgeneratorfunction(method) else inspect.iscoroutinefunction
        )
        assert kind(other) or name == "__init__"


def test_uploads_at_once_are_decided_as_one_after_the_other(tmp_path: Path, coffee: Path) -> None:
    async def uploads() -> list[str]:
        async with AsyncGate(tmp_path / "x.db", workers=InProcess()) as gate:
            copies = [resaved(coffee, scale=0.5, quality=60 + n) for n in range(6)]
            made = await asyncio.gather(*(gate.admit(data, str(n)) for n, data in enumerate(copies)))
            held = await gate.admit(captioned(coffee), "edited")
            assert [record.key for record in await gate.held()] == ["edited"]
            assert (await gate.accept("edited")).outcome is Outcome.ACCEPTED
            assert (await gate.status())["accepted"] == 2
            listed = [picture.key async for picture in gate.pictures()]
            assert listed == [picture.key for picture in gate.gate.pictures()]
            assert [picture.key async for picture in gate.pictures("edit", limit=1)] == ["edited"]
            assert (await gate.check(coffee)).outcome is Outcome.DUPLICATE
            checked = [one.decision.outcome async for one in gate.check_many([coffee, b"no picture"])]
            assert checked == [Outcome.DUPLICATE, Outcome.REFUSED]
            await gate.remove("edited")
            with pytest.raises(StoreKeyError):
                await gate.proxy("edited")
            return sorted([decision.outcome for decision in made] + [held.outcome])

    assert asyncio.run(uploads()) == ["accepted", *["duplicate"] * 5, "review"]
