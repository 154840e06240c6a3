"""What can be wrong with bytes on the link, each with its stable code."""


class LinkError(Exception):
    """A message that we refuse to act on. The link is closed, or the request answered with the code."""

    code = "link_error"


class MessageTooLong(LinkError):
    """The announced or actual length is over the limit; nothing after it can be trusted."""

    code = "message_too_long"


class MessageMalformed(LinkError):
    """Not one JSON object in UTF-8."""

    code = "message_malformed"


class VerbUnknown(LinkError):
    code = "verb_unknown"


class MemberUnknown(LinkError):
    """A member that this verb does not have.

    Refused rather than skipped: a newer peer may have meant it as a restriction.
    """

    code = "member_unknown"


class MemberMissing(LinkError):
    code = "member_missing"


class MemberInvalid(LinkError):
    """A member of the wrong type, empty, or over its limit."""

    code = "member_invalid"
