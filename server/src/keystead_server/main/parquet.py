"""The rows of a copied log as Parquet files, for those who have pyarrow (`keystead-server[parquet]`)."""

import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.log_chain import Kind, attempt_line, audit_line
from keystead_server.domain.sign_in import Attempt
from keystead_server.main.log_copy import LogRow

_FILES = {Kind.ATTEMPT: "attempts.parquet", Kind.AUDIT: "audit.parquet"}
_COLUMNS = {Kind.ATTEMPT: Attempt.__slots__, Kind.AUDIT: AuditEvent.__slots__}


class ParquetMissing(Exception):
    """pyarrow is not installed."""

    code = "parquet_missing"

    def __init__(self) -> None:
        super().__init__(
            "--parquet needs pyarrow, which is not installed; add it with: pip install 'keystead-server[parquet]'"
        )


class ParquetFiles:
    """One file for each log, one row group for each page: nothing is held back.

    The columns are those of the lines of JSON, as text but for the time. A row that cannot be read
    has no columns, and is left to the lines.
    """

    def __init__(self, folder: Path) -> None:
        """Raises ParquetMissing."""
        try:
            # An optional dependency: nothing of it is known before it is asked for.
            self._arrow: Any = importlib.import_module("pyarrow")
            self._parquet: Any = importlib.import_module("pyarrow.parquet")
        except ImportError as error:
            raise ParquetMissing from error
        self._folder = folder
        self._writers: dict[Kind, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.close()

    def rows(self, kind: Kind, rows: Sequence[LogRow]) -> None:
        schema = self._schema(kind)
        if kind not in self._writers:
            self._writers[kind] = self._parquet.ParquetWriter(self._folder / _FILES[kind], schema)
        table = self._arrow.Table.from_pylist(
            [_row(row) for row in rows if isinstance(row, Attempt | AuditEvent)], schema
        )
        self._writers[kind].write_table(table)

    def _schema(self, kind: Kind) -> Any:
        text, moment = self._arrow.string(), self._arrow.timestamp("us", tz="UTC")
        return self._arrow.schema([(name, moment if name == "at" else text) for name in _COLUMNS[kind]])


def _row(row: Attempt | AuditEvent) -> dict[str, object]:
    members = json.loads(attempt_line(row) if isinstance(row, Attempt) else audit_line(row))
    members["at"] = row.at
    if isinstance(row, AuditEvent):
        members["detail"] = json.dumps(row.detail)
    return dict(members)
