"""The figures as a table, against what is to be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

Results = Mapping[str, Mapping[str, Mapping[str, float]]]


@dataclass(frozen=True, slots=True)
class _Row:
    words: str
    measure: str
    figure: str
    form: str
    target: float | None = None
    at_least: bool = False


_ROWS = (
    _Row("latency p50", "latency", "p50_ms", "{:.1f} ms", 30),
    _Row("latency p95", "latency", "p95_ms", "{:.1f} ms"),
    _Row("latency p50 / floor of one way", "latency", "ratio_to_floor", "{:.1f}"),
    _Row("messages with receipts", "throughput", "messages_per_s", "{:.0f} /s", 250, True),
    _Row("CPU per message, both nodes", "throughput", "cpu_ms_per_message", "{:.1f} ms"),
    _Row("  of it the sender's node", "throughput", "cpu_ms_sender", "{:.1f} ms"),
    _Row("  of it the receiver's node", "throughput", "cpu_ms_receiver", "{:.1f} ms"),
    _Row("CPU per message / floor in bulk", "throughput", "ratio_to_floor", "{:.1f}"),
    _Row("1,000 after an outage, from start", "catch_up", "from_start_s", "{:.1f} s", 4),
    _Row("  from the first answer", "catch_up", "from_answer_s", "{:.1f} s"),
    _Row("idle memory of a node", "idle", "resident_mib", "{:.0f} MiB", 120),
    _Row("idle processor use", "idle", "cpu_percent", "{:.1f} %"),
    _Row("cold start", "cold_start", "median_s", "{:.2f} s", 3),
    _Row("to the row in a browser p50", "to_the_row", "row_p50_ms", "{:.0f} ms"),
    _Row("to the row in a browser p95", "to_the_row", "row_p95_ms", "{:.0f} ms", 1000),
    _Row("  from its acceptance p50", "to_the_row", "accepted_p50_ms", "{:.0f} ms"),
    _Row("  from its acceptance p95", "to_the_row", "accepted_p95_ms", "{:.0f} ms"),
    _Row("inbox of 50,000 p50", "pages", "inbox_p50_ms", "{:.0f} ms", 300),
    _Row("inbox of 50,000 p95", "pages", "inbox_p95_ms", "{:.0f} ms"),
    _Row("  CPU of it", "pages", "inbox_cpu_ms", "{:.0f} ms"),
    _Row("  older rows of it p50", "pages", "older_p50_ms", "{:.0f} ms", 300),
    _Row("conversation of 200 p50", "pages", "conversation_p50_ms", "{:.0f} ms", 300),
    _Row("conversation of 200 p95", "pages", "conversation_p95_ms", "{:.0f} ms"),
    _Row("  CPU of it", "pages", "conversation_cpu_ms", "{:.0f} ms"),
    _Row("search in 20,000, whole p50", "pages", "search_p50_ms", "{:.0f} ms", 1000),
    _Row("search in 20,000, whole p95", "pages", "search_p95_ms", "{:.0f} ms"),
    _Row("  CPU of it", "pages", "search_cpu_ms", "{:.0f} ms"),
    _Row("  first hits p50", "pages", "first_hits_p50_ms", "{:.0f} ms"),
    _Row("floor: one way, alone", "floor", "one_way_ms", "{:.2f} ms"),
    _Row("floor: with receipt, in bulk", "floor", "in_bulk_ms", "{:.2f} ms"),
)


def show(results: Results) -> None:
    """Print the results, by shape, as a table; marks what is not reached."""
    table = Table(title="Two nodes on loopback")
    table.add_column("")
    for shape in results:
        table.add_column(shape, justify="right")
    table.add_column("to reach", justify="right")
    for row in _ROWS:
        found = [results[shape].get(row.measure, {}).get(row.figure) for shape in results]
        if all(value is None for value in found):
            continue
        goal = "" if row.target is None else ("≥ " if row.at_least else "≤ ")
        goal += "" if row.target is None else row.form.format(row.target)
        table.add_row(row.words, *(_cell(row, value) for value in found), goal)
    Console().print(table)


def _cell(row: _Row, value: float | None) -> str:
    if value is None:
        return "–"
    text = row.form.format(value)
    if row.target is None:
        return text
    reached = value >= row.target if row.at_least else value <= row.target
    return text if reached else f"[red]{text}[/red]"
