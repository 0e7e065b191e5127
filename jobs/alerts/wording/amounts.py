"""Numbers as people read them."""

PREFIXES = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
STEP = 1024


def amount(value: float, unit: str, name: str) -> str:
    """Return a value with its unit, called by `name`: '1,234 transactions', '1.5 GiB', '12.5 %'."""
    if unit == "bytes":
        return _bytes(value)
    return f"{number(value)} {name}".rstrip()


def number(value: float) -> str:
    """Return a number with thousands apart and not more digits than tell something."""
    if value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits either way


def _bytes(value: float) -> str:
    size, prefix = value, 0
    while abs(size) >= STEP and prefix < len(PREFIXES) - 1:
        size, prefix = size / STEP, prefix + 1
    return f"{number(size)} {PREFIXES[prefix]}"
