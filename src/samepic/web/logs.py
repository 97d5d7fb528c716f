"""Logs: one JSON object a line on standard error; never a token, a key, a file name or a picture."""

from __future__ import annotations

import datetime
import json
import logging
from typing import Any

__all__ = ["CONFIG", "JsonLines"]


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON, with the fields given as `extra={"told": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": record.process,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "told", {}))
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "samepic.web.logs.JsonLines"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}
    },
    "loggers": {
        "samepic": {"level": "INFO"},
        "uvicorn": {"level": "WARNING"},
        "uvicorn.error": {"level": "WARNING"},
    },
    "root": {"level": "WARNING", "handlers": ["stderr"]},
}
"""For logging.config: everything goes to standard error as JSON lines."""
