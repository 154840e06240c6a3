"""Letters that wait to be sent."""

from keystead_server.domain.letter import Letter, Occasion
from keystead_server.storage import schema
from keystead_server.storage.rows.columns import all_but, to_micros, to_moment
from keystead_server.storage.statement import Arguments, Row

LETTER = all_but(schema.letters)


def letter_row(letter: Letter) -> Arguments:
    return (
        letter.id,
        letter.tenant_id,
        letter.user_id,
        letter.occasion.value,
        letter.address,
        letter.sealed,
        to_micros(letter.created_at),
        to_micros(letter.due_at),
        to_micros(letter.expires_at),
        letter.tries,
    )


def letter(row: Row) -> Letter:
    id_, tenant_id, user_id, occasion, address, sealed, created_at, due_at, expires_at, tries = row
    return Letter(
        id_,
        tenant_id,
        user_id,
        Occasion(occasion),
        address,
        sealed,
        to_moment(created_at),
        to_moment(due_at),
        to_moment(expires_at),
        tries,
    )
