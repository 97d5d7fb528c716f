"""The description of the service is whole; that every answer is as described, the client of all other tests holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from samepic.service.app import ENDPOINTS
from samepic.service.openapi import description
from samepic.service.settings import RIGHTS


@pytest.fixture(params=[True, False], ids=["tokens", "open"])
def described(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the description of a service with and without tokens."""
    return description(ENDPOINTS, tokens=request.param)


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_route_is_described_and_nothing_else(described: dict[str, Any]) -> None:
    routed = {(one.method, one.path.replace(":path", ""), one.name) for one in ENDPOINTS}
    assert routed == {
        (method, path, operation["operationId"]) for method, path, operation in operations(described)
    }


def test_every_right_is_that_of_an_address_and_every_address_that_has_one_may_be_refused(
    described: dict[str, Any],
) -> None:
    assert {one.right for one in ENDPOINTS if one.right} == set(RIGHTS)
    rights = {one.name: one.right for one in ENDPOINTS}
    for _, _, operation in operations(described):
        assert {"401", "403"}.issubset(operation["responses"]) == bool(rights[operation["operationId"]])


def test_every_answer_that_is_an_error_has_the_one_shape(described: dict[str, Any]) -> None:
    for _, path, operation in operations(described):
        assert {"400", "422", "503"} <= set(operation["responses"])
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and (path, status) != ("/v1/admit", "409"):
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Error"}
            assert answer["description"]


def test_every_reference_leads_somewhere_and_every_shape_is_used(described: dict[str, Any]) -> None:
    used = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert used == set(described["components"]["schemas"])


def test_every_parameter_of_a_path_is_described(described: dict[str, Any]) -> None:
    for _, path, operation in operations(described):
        named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path))


def test_only_a_service_with_tokens_asks_for_one() -> None:
    for tokens in (True, False):
        text = json.dumps(description(ENDPOINTS, tokens=tokens))
        assert ("bearer" in text) == tokens
