"""The authenticator as CTAP clients know it: browsers without our extension, ssh, libfido2.

device       one command in, one answer out
session      what is remembered from one command to the next: key agreement, token, a list half read
consent      is it allowed, and by whom: the token, our own prompt, a button
credentials  makeCredential and getAssertion
client_pin   PINs and tokens
management   list, rename and delete
hmac_secret  the extension of that name
statuses     each refusal as the status that a client understands

A client says the relying-party id and the hash of the client data; the origin
stays with it. What a person sees is therefore the relying-party id. Always
discoverable, always user-verified: `alwaysUv`.
"""
