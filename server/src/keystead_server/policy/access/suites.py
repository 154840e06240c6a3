"""Suites of apps that Graph's policies name as one, and what is in them: identifiers that Microsoft publishes.

Only imported policies need them; an app registered here can say that it belongs to one.
"""

from keystead_server.policy.access.vocabulary import ADMIN_PORTALS, OFFICE_365

_NONE: frozenset[str] = frozenset()
_SUITES: dict[str, frozenset[str]] = {
    OFFICE_365: frozenset(
        {
            "00000002-0000-0ff1-ce00-000000000000",  # Exchange Online
            "00000003-0000-0ff1-ce00-000000000000",  # SharePoint Online
            "00000004-0000-0ff1-ce00-000000000000",  # Skype for Business Online
            "00000005-0000-0ff1-ce00-000000000000",  # Viva Engage
            "00000006-0000-0ff1-ce00-000000000000",  # the portal of Office 365
            "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",  # Teams services
            "4765445b-32c6-49b0-83e6-1d93765276ca",  # the home page of Office
            "89bee1f7-5e6e-4d8a-9f3d-ecd601259da7",  # the shell of the web apps
        }
    ),
    ADMIN_PORTALS: frozenset(
        {
            "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",  # the Azure portal, with Entra's
            "497effe9-df71-4043-a8bb-14cf78c4b63b",  # Exchange
            "00000006-0000-0ff1-ce00-000000000000",  # Microsoft 365
            "80ccca67-54bd-44ab-8625-4b79c4dc7775",  # Defender and Purview
        }
    ),
}
_OF_APP: dict[str, frozenset[str]] = {
    app: frozenset(suite for suite, apps in _SUITES.items() if app in apps)
    for app in frozenset().union(*_SUITES.values())
}


def suites_of(app_id: str) -> frozenset[str]:
    """The suites that hold an app; one named by a suite's own name is that suite."""
    return _OF_APP.get(app_id, _NONE)
