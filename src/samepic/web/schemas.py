"""Schemas: the shapes of what the service takes and gives, in the words of OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from samepic.facts import Depth, DetailChange, Doubt, OriginalReason, Placing, Series, Side, ToneChange
from samepic.gate.policy import Action
from samepic.profiles.gate import GATE
from samepic.verdict import Caveat, Evidence, Outcome, Relation

__all__ = ["BINARY", "KEY", "POLICY", "SCHEMAS", "TEXT", "listed", "named", "shape"]

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
BINARY: Final[Schema] = {"type": "string", "format": "binary"}
KEY: Final[Schema] = {
    "type": "string",
    "minLength": 1,
    "maxLength": GATE.key_letters,
    "pattern": r"^[^\u0000]+$",
}
POLICY: Final[Schema] = {
    "type": "string",
    "description": "What to do for which relation, changing the service's own policy: relations are those of Match and"
    f" `flooding`, actions {', '.join(Action)}.",
    "examples": ["edited=accept,reframed=review"],
}

_NUMBER: Final[Schema] = {"type": "number"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_FLAG: Final[Schema] = {"type": "boolean"}
_CHANCE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
_RELATION: Final[Schema] = {"type": "string", "enum": [str(one) for one in Relation]}


def shape(properties: Schema, **more: object) -> Schema:
    """Return the schema of an object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties), **more}


def listed(name: str) -> Schema:
    """Return the schema of a list of a named shape."""
    return {"type": "array", "items": named(name)}


def named(name: str) -> Schema:
    """Return a reference to a named shape."""
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_MATCH = shape(
    {
        "key": TEXT,
        "relation": _RELATION,
        "probability": _CHANCE,
        "explanation": TEXT,
        "better": {**_FLAG, "description": "Whether the upload is the better copy of the two."},
        "worse": {**_FLAG, "description": "Whether the kept picture is the better copy of the two."},
        "better_reason": TEXT,
        "evidence": {
            "type": "string",
            "enum": [str(one) for one in Evidence],
            "description": "What it was told from: equal digests, a reviewer's word, both originals, or both small"
            " pictures, on which what is very small cannot be seen.",
        },
        "caveat": _or_null(
            {
                "type": "string",
                "enum": [str(one) for one in Caveat],
                "description": "Why a person has to look though the two count as the same: the probability is too low,"
                " or fine print cannot be compared on the small pictures.",
            }
        ),
    },
    description="A kept picture, and what the upload is to it.",
)
_DECISION = shape(
    {
        "outcome": {"type": "string", "enum": [str(one) for one in Outcome if one is not Outcome.REFUSED]},
        "reason": {**TEXT, "description": "One sentence for whoever uploads."},
        "key": TEXT,
        "match": _or_null(named("Match")),
        "matches": listed("Match"),
        "flooding": {
            **_FLAG,
            "description": "The kept picture matches so many different uploads that it decides nothing.",
        },
    },
    description="What the gate says of an upload.",
)
_REGION = shape({"x": _COUNT, "y": _COUNT, "w": _COUNT, "h": _COUNT}, description="A box in pixels of a.")
_TRANSFORM = shape(
    {
        "matrix": {"type": "array", "items": _NUMBER, "minItems": 9, "maxItems": 9},
        "turned": {"type": "integer", "enum": [0, 90, 180, 270]},
        "mirrored": _FLAG,
        "larger": {"type": "string", "enum": ["a", "b", ""]},
        "kept": _NUMBER,
    },
    description="How b lies on a.",
)
_INFO = shape(
    {
        "name": TEXT,
        "format": TEXT,
        "width": _COUNT,
        "height": _COUNT,
        "size": _COUNT,
        "orientation": _COUNT,
        "mode": TEXT,
        "frames": _COUNT,
        "metadata": _COUNT,
        "profile": TEXT,
        "jpeg": _or_null({"type": "object"}),
    },
    description="What the header of a picture says.",
)
_SIDE: Final[Schema] = {"type": "string", "enum": ["a", "b", ""]}


def _one_of(kind: Iterable[str]) -> Schema:
    return {"type": "string", "enum": [str(one) for one in kind]}


_PROOF = shape(
    {
        "copy": {"type": "string", "enum": ["a", "b"]},
        "lossless": _FLAG,
        "quality": _COUNT,
        "exact": _FLAG,
        "subsampling": TEXT,
        "progressive": _FLAG,
        "resampling": TEXT,
    },
    description="How saving the other picture again gives the copy, pixel for pixel.",
)
_FACTS = shape(
    {
        "turned": {"type": "integer", "enum": [0, 90, 180, 270]},
        "mirrored": _FLAG,
        "tilt": _NUMBER,
        "slanted": _FLAG,
        "stretched": _FLAG,
        "perspective": _FLAG,
        "placing": _one_of(Placing),
        "larger": _SIDE,
        "copy": _SIDE,
        "share_a": _NUMBER,
        "share_b": _NUMBER,
        "sides": {"type": "array", "items": _one_of(Side)},
        "exact_at": {
            "type": "array",
            "items": _COUNT,
            "maxItems": 2,
            "description": "Left and top, in pixels of the larger, where a crop lies in it pixel for pixel.",
        },
        "scale": _NUMBER,
        "tone": _one_of(ToneChange),
        "detail": _one_of(DetailChange),
        "places": _COUNT,
        "faint": _FLAG,
        "depth": _one_of(Depth),
        "one_color": _FLAG,
        "proof": _or_null(_PROOF),
        "original": _SIDE,
        "original_reason": _one_of(OriginalReason),
        "lost_profile": TEXT,
        "series": _one_of(Series),
        "frame": _COUNT,
        "still": _SIDE,
        "doubt": _one_of(Doubt),
        "proxies": _FLAG,
    },
    description="What the explanation says, as values.",
)
_VERDICT = shape(
    {
        "relation": _RELATION,
        "same": {"type": ["boolean", "null"], "description": "Null where it cannot be told."},
        "probability": _CHANCE,
        "explanation": TEXT,
        "regions": listed("Region"),
        "transform": _or_null(named("Transform")),
        "measures": {"type": "object", "additionalProperties": _NUMBER},
        "original": _or_null(shape({"which": {"type": "string", "enum": ["a", "b"]}, "reason": TEXT})),
        "visibility": _or_null(
            shape(
                {
                    "score": {"type": "number", "maximum": 100},
                    "words": TEXT,
                },
                description="Whether a person would see what was done to a whole frame that was saved again or"
                " adjusted; null for all else. The score is that of SSIMULACRA 2.1.",
            )
        ),
        "facts": named("Facts"),
        "a": named("PictureInfo"),
        "b": named("PictureInfo"),
    },
    description="What b is to a.",
)
_HELD = shape(
    {
        "held": {
            "type": "array",
            "items": shape(
                {
                    "key": TEXT,
                    "created": {"type": "string", "format": "date-time"},
                    "format": TEXT,
                    "width": _COUNT,
                    "height": _COUNT,
                    "size": _COUNT,
                    "data": {"type": "object"},
                    "matches": listed("Match"),
                }
            ),
        },
        "next": {"type": ["string", "null"], "description": "What `after` takes for the next page."},
    },
    description="Pictures that wait for review, the oldest first.",
)
_ERROR = shape(
    {
        "error": shape(
            {
                "code": {**TEXT, "description": "For programs; it does not change."},
                "message": {**TEXT, "description": "For people."},
                "wanted": TEXT,
                "got": TEXT,
                "name": {**TEXT, "description": "The field, parameter, header or file that it is about."},
            }
        )
    },
    description="The shape of every error, of unknown addresses and methods too.",
)

SCHEMAS: Final[Schema] = {
    "Decision": _DECISION,
    "Error": _ERROR,
    "Facts": _FACTS,
    "Held": _HELD,
    "Match": _MATCH,
    "PictureInfo": _INFO,
    "Region": _REGION,
    "Settle": {
        **shape({"key": KEY, "other_key": KEY, "same": _FLAG}, additionalProperties=False),
        "required": ["key", "same"],
        "description": "A reviewer's word on two kept pictures. Without `other_key`, and with `same` false: that"
        " `key` is another than all it is held for.",
    },
    "Status": shape({"version": TEXT, "tenant": TEXT, "accepted": _COUNT, "held": _COUNT, "pending": _COUNT}),
    "State": shape({"status": {"type": "string", "enum": ["ok", "ready"]}}),
    "Transform": _TRANSFORM,
    "Verdict": _VERDICT,
}
