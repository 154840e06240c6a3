"""One door for vectors from outside: `python -m keystead_server.conformance webauthn|cose|jose|access`.

JSON lines in, one answer a line out, through the very code that HTTP requests
go through. A record that cannot be read is a rejection with a reason.

    webauthn   one ceremony a record
    cose       one COSE key, one message, one signature
    jose       one key, one JWS
    access     sets of Conditional Access policies, and sign-ins over them
"""
