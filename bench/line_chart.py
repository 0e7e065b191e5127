"""Draws lines over two logarithmic axes."""

from collections.abc import Mapping, Sequence
from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 340, 70, 150, 30, 50
LINE_HEIGHT = 14
COLOURS = ("#2563eb", "#f59e0b", "#9ca3af", "#16a34a", "#dc2626", "#7c3aed")
Points = Mapping[float, float]


def drawn(title: str, lines: Mapping[str, Points]) -> str:
    """Return an SVG of lines over two logarithmic axes; values are above 0."""
    xs = [x for points in lines.values() for x in points]
    ys = [y for points in lines.values() for y in points.values()]
    x_low, x_high = floor(log10(min(xs))), max(ceil(log10(max(xs))), floor(log10(min(xs))) + 1)
    y_low, y_high = floor(log10(min(ys))), max(ceil(log10(max(ys))), floor(log10(min(ys))) + 1)

    def at(x: float, y: float) -> tuple[float, float]:
        across, up = (log10(x) - x_low) / (x_high - x_low), (log10(y) - y_low) / (y_high - y_low)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}"',
        ' font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{LEFT}" y="18" font-weight="bold">{escape(title)}</text>',
    ]
    for power in range(x_low, x_high + 1):
        x, y = at(10.0**power, 10.0**y_low)
        parts.append(f'<line x1="{x:.0f}" y1="{TOP}" x2="{x:.0f}" y2="{y:.0f}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{x:.0f}" y="{y + 18:.0f}" text-anchor="middle">{10.0**power:,.10g}</text>')
    for power in range(y_low, y_high + 1):
        x, y = at(10.0**x_low, 10.0**power)
        parts.append(f'<line x1="{x:.0f}" y1="{y:.0f}" x2="{WIDTH - RIGHT}" y2="{y:.0f}" stroke="#e5e7eb"/>')
        parts.append(f'<text x="{x - 8:.0f}" y="{y + 4:.0f}" text-anchor="end">{10.0**power:,.10g}</text>')
    drawn_lines = [[at(x, y) for x, y in points.items()] for points in lines.values()]
    names_at = _apart([places[-1][1] + 4 for places in drawn_lines])
    for name, places, name_at, colour in zip(lines, drawn_lines, names_at, COLOURS * len(lines), strict=False):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(f'<text x="{places[-1][0] + 8:.0f}" y="{name_at:.0f}" fill="{colour}">{escape(name)}</text>')
    return "\n".join((*parts, "</svg>")) + "\n"


def _apart(heights: Sequence[float]) -> list[float]:
    """Return the same heights, those moved up that would be written over one below."""
    found, below = list(heights), float("inf")
    for index in sorted(range(len(heights)), key=lambda index: -heights[index]):
        below = found[index] = min(heights[index], below - LINE_HEIGHT)
    return found
