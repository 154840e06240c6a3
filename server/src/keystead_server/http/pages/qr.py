"""QR codes as pictures inside a page: nothing is loaded for them, and no style is needed."""

import segno
from markupsafe import Markup

_QUIET_MODULES = 4


def qr_picture(text: str, label: str) -> Markup:
    """An SVG of the QR code of *text*; black on white in any colour scheme, because cameras want it so."""
    matrix = segno.make(text, error="m", micro=False).matrix
    dark = "".join(
        f"M{x + _QUIET_MODULES} {y + _QUIET_MODULES}h1v1h-1z"
        for y, row in enumerate(matrix)
        for x, module in enumerate(row)
        if module
    )
    size = len(matrix) + 2 * _QUIET_MODULES
    return Markup(
        '<svg class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="{label}" shape-rendering="crispEdges">'
        '<rect width="{size}" height="{size}" fill="#fff"/><path d="{dark}" fill="#000"/></svg>'
    ).format(size=size, label=label, dark=dark)
