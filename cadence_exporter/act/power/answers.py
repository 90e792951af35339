"""From a device's answer to a JSON object, or to a sentence about what is wrong. What it said is never repeated: it may hold secrets."""

import json
from collections.abc import Mapping
from typing import Any

from cadence_exporter.errors import ProbeFailed
from cadence_exporter.model.observation import FailureReason
from cadence_exporter.outbound.https import Answer

_OK = 200
_DENIED = (401, 403)
_BEYOND_REASON = 1e12


def json_object(answer: Answer) -> Mapping[str, Any]:
    """The object in a successful answer. Raises ProbeFailed."""
    return parsed_object(successful(answer).body)


def successful(answer: Answer) -> Answer:
    """The answer, when it is one of success. Raises ProbeFailed."""
    if answer.status in _DENIED:
        raise ProbeFailed(FailureReason.HTTP, f"answered {answer.status}: it wants another password or token")
    if not _OK <= answer.status < 300:  # noqa: PLR2004 - RFC 9110 section 15.3
        raise ProbeFailed(FailureReason.HTTP, f"answered with status {answer.status}")
    return answer


def parsed_object(body: bytes) -> Mapping[str, Any]:
    """Raises ProbeFailed."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ProbeFailed(FailureReason.CONTENT, "its answer is not JSON") from error
    if not isinstance(value, dict):
        raise ProbeFailed(FailureReason.CONTENT, "its answer is not a JSON object")
    return value


def inner(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object at ``key``. Raises ProbeFailed."""
    found = value.get(key)
    if not isinstance(found, dict):
        raise ProbeFailed(FailureReason.CONTENT, f"its answer has no {key}")
    return found


def text_of(value: Mapping[str, Any], key: str) -> str:
    """The non-empty text at ``key``. Raises ProbeFailed."""
    found = value.get(key)
    if not isinstance(found, str) or not found.strip():
        raise ProbeFailed(FailureReason.CONTENT, f"its answer has no {key}")
    return found.strip()[:100]


def truth_of(value: Mapping[str, Any], key: str) -> bool:
    """The true or false at ``key``. Raises ProbeFailed."""
    found = value.get(key)
    if not isinstance(found, bool):
        raise ProbeFailed(FailureReason.CONTENT, f"its answer has no {key}")
    return found


def number_at(value: Mapping[str, Any], key: str) -> float | None:
    """The number at ``key``, or nothing."""
    found = value.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < _BEYOND_REASON:
        return None  # NaN is no smaller than anything
    return float(found)
