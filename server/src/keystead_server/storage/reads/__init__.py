"""The reading half of the Store port, one class for each noun, the same for every engine.

An engine gives a Reader; the statements and the mapping are here. What every sign-in asks
is one statement each: `Passkeys.owner_of`, `Sessions.owner_of`, `Sessions.grant`.
"""
