"""Every page for administrators."""

from keystead_server.http.route import Route

ROUTES: tuple[Route, ...] = ()
