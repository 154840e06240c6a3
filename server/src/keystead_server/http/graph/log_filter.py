"""What of a filter the store can answer: the conditions that all must hold and that an index knows.

The rest is asked of each row that is left. Nothing is taken from under an `or` or a `not`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import MAXYEAR, datetime, timedelta

from keystead_server.domain.ids import AppId, UserId
from keystead_server.http.graph.odata.filter import And, Compare, Expression

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """Attributes:
    whole: these are the whole filter.
    """

    since: datetime | None = None
    until: datetime | None = None
    user: UserId | None = None
    app: AppId | None = None
    granted: bool | None = None
    whole: bool = True


def sign_in_terms(expression: Expression | None) -> Terms:
    terms = Terms()
    for each in conjuncts(expression):
        terms = _sign_in_term(terms, each)
    return terms


def span_of(expression: Expression | None, moment: str) -> Terms:
    """Only what is said about the property *moment*."""
    terms = Terms()
    for each in conjuncts(expression):
        match each:
            case Compare(path, operator, datetime() as at) if path == moment and operator != "ne":
                terms = _narrowed(terms, operator, at)
            case _:
                terms = replace(terms, whole=False)
    return terms


def conjuncts(expression: Expression | None) -> Iterator[Expression]:
    match expression:
        case None:
            return
        case And(terms):
            for term in terms:
                yield from conjuncts(term)
        case _:
            yield expression


def _sign_in_term(terms: Terms, term: Expression) -> Terms:
    match term:
        case Compare("createdDateTime", operator, datetime() as at) if operator != "ne":
            return _narrowed(terms, operator, at)
        # Ids are kept in lower case, and filters do not mind capitals.
        case Compare("userId", "eq", str(user)) if terms.user in (None, user.lower()) and user:
            return replace(terms, user=UserId(user.lower()))
        case Compare("appId", "eq", str(app)) if terms.app in (None, app.lower()):
            return replace(terms, app=AppId(app.lower()))
        case Compare("status/errorCode", "eq" | "ne" as operator, 0):
            granted = operator == "eq"
            if terms.granted in (None, granted):
                return replace(terms, granted=granted)
    return replace(terms, whole=False)


def _narrowed(terms: Terms, operator: str, at: datetime) -> Terms:
    """*terms* within what `operator at` leaves; `until` is the first moment that no longer counts."""
    since, until = terms.since, terms.until
    following = at if at.year == MAXYEAR else at + _INSTANT
    if operator in ("eq", "ge", "gt"):
        begin = following if operator == "gt" else at
        since = begin if since is None else max(since, begin)
    if operator in ("eq", "le", "lt"):
        end = at if operator == "lt" else following
        until = end if until is None else min(until, end)
    return replace(terms, since=since, until=until)
