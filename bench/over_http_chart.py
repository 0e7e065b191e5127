"""Draws what `over_http.py --json` has written: CPU a request, and the time of the middle one, as bars.

python bench/over_http_chart.py FIGURES.json CHART.svg
"""

import json
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

WIDTH, LABEL, BAR, GAP, HEAD = 760, 230, 16, 5, 34
SCALE = WIDTH - LABEL - 80
COLOURS = {"this API": "#2563eb", "bare statement": "#9ca3af"}
MEASURES = {"cpu": "CPU a request, ms", "p50": "median time, ms"}
LEFT_OUT = ("ILIKE",)


def chart(size: dict[str, Any]) -> str:
    """Return the chart of one size of the tables."""
    lines: list[str] = []
    y = 10
    for measure, title in MEASURES.items():
        for connections, found in size["connections"].items():
            shown = {name: one[measure] for name, one in found.items() if name not in LEFT_OUT}
            plural = "" if str(connections) == "1" else "s"
            lines.append(
                f'<text x="0" y="{y + 18}" font-weight="bold">{title}, {connections} connection{plural}</text>'
            )
            y += HEAD
            lines += bars(shown, y)
            y += len(shown) * (BAR + GAP) + 10
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" font-size="13">'
    )
    return "\n".join((head, '<rect width="100%" height="100%" fill="white"/>', *lines, "</svg>")) + "\n"


def bars(values: dict[str, float], y: int) -> Iterator[str]:
    longest = max(values.values())
    for index, (name, value) in enumerate(values.items()):
        top = y + index * (BAR + GAP)
        width = max(1, round(SCALE * value / longest))
        colour = COLOURS.get(name, "#f59e0b")
        yield f'<text x="{LABEL - 8}" y="{top + 13}" text-anchor="end">{escape(name)}</text>'
        yield f'<rect x="{LABEL}" y="{top}" width="{width}" height="{BAR}" fill="{colour}"/>'
        yield f'<text x="{LABEL + width + 6}" y="{top + 13}">{value:.2f}</text>'


if __name__ == "__main__":
    figures = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    Path(sys.argv[2]).write_text(chart(figures["sizes"][-1]), encoding="utf-8")
