"""Observability: Prometheus metrics and JSON logs, without tokens, keys, file names or pictures."""

from __future__ import annotations

import datetime
import json
import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import prometheus_client
from prometheus_client import multiprocess

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable with which prometheus_client shares counts between processes; set before its import."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

_LOST = ("late", "died")


class Metrics:
    """The counts of this process; `text` has those of all processes that share a folder."""

    def __init__(self) -> None:
        own = prometheus_client.CollectorRegistry()
        self._registry = own
        self._requests = prometheus_client.Counter(
            "samepic_requests", "Requests answered.", ("operation", "status"), registry=own
        )
        self._seconds = prometheus_client.Histogram(
            "samepic_request_seconds",
            "Time from the headers of a request to the end of its answer.",
            ("operation",),
            registry=own,
            buckets=_SECONDS,
        )
        self._decisions = prometheus_client.Counter(
            "samepic_decisions", "What the gate decided.", ("operation", "outcome"), registry=own
        )
        self._received = prometheus_client.Counter(
            "samepic_received_bytes", "Bytes of bodies received.", registry=own
        )
        self._running = prometheus_client.Gauge(
            "samepic_requests_running",
            "Requests being received or in work.",
            registry=own,
            multiprocess_mode="livesum",
        )
        self._lost = prometheus_client.Counter(
            "samepic_decoders_lost", "Decoding processes that had to be replaced.", ("why",), registry=own
        )
        for why in _LOST:
            self._lost.labels(why)  # from 0 on: `increase` does not see what a series begins with
        self._counted = dict.fromkeys(_LOST, 0)
        self.answered = 0
        if MULTIPROC_DIR not in os.environ:
            prometheus_client.ProcessCollector(registry=own)

    def request_started(self) -> None:
        self._running.inc()

    def request_finished(self, operation: str, status: int, seconds: float, received: int) -> None:
        self._running.dec()
        self.answered += 1
        self._requests.labels(operation, str(status)).inc()
        self._seconds.labels(operation).observe(seconds)
        self._received.inc(received)

    def count_decision(self, operation: str, outcome: str) -> None:
        self._decisions.labels(operation, outcome).inc()

    def update_workers(self, status: Mapping[str, int]) -> None:
        """Count the decoding processes that were lost since the last call."""
        for why in _LOST:
            lost = status.get(why, 0)
            if lost > self._counted[why]:
                self._lost.labels(why).inc(lost - self._counted[why])
                self._counted[why] = lost

    def text(self) -> bytes:
        if MULTIPROC_DIR in os.environ:
            for path in Path(os.environ[MULTIPROC_DIR]).glob("gauge_live*_*.db"):
                pid = int(path.stem.rpartition("_")[2])
                try:
                    if sys.platform != "win32":  # there signal 0 is Ctrl-C
                        os.kill(pid, 0)
                except ProcessLookupError:
                    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
            shared = prometheus_client.CollectorRegistry()
            multiprocess.MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
            return prometheus_client.generate_latest(shared)
        return prometheus_client.generate_latest(self._registry)


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON, with the fields of `extra={"fields": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": record.process,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


LOG_CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "samepic.service.observability.JsonLines"}},
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
"""For logging.config: JSON lines to standard error."""
