"""What a browser says of itself, as its owner would call it. User agents lie: for memory, never for trust."""

_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chromium or Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser_of(user_agent: str) -> str | None:
    """Such as "Edge"."""
    return next((name for mark, name in _BROWSERS if mark in user_agent), None)


def system_of(user_agent: str) -> str | None:
    """Such as "Windows"."""
    return next((name for mark, name in _SYSTEMS if mark in user_agent), None)


def called(user_agent: str) -> str:
    """Such as "Edge on Windows"."""
    browser, system = browser_of(user_agent), system_of(user_agent)
    if browser is None:
        return "Another program"
    return browser if system is None else f"{browser} on {system}"
