"""The Client to Authenticator Protocol, CTAP 2.1: bytes in, values out.

status         what an authenticator may answer, and CtapError, which carries one
parameters     reads a command's CBOR map member by member, each mistake with its own status
commands       what a client asks, as values
entities       relying party, user, credential and extension inputs inside those commands
replies        what an authenticator answers, as bytes
pin_protocol   how a PIN and a token travel between client and authenticator (§6.5)
hid_packets    64-byte reports and the messages cut into them (§11.2)
hid            the state machine behind a CTAPHID device

Sections are those of the FIDO Alliance's "Client to Authenticator Protocol (CTAP)
2.1", proposed standard.
"""
