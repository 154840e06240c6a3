"""The server as attestation authority: it looks at a TPM's papers, then vouches for one key of it.

endorsement     the certificate a TPM's maker put into it: whose it is, and what it says
certificates    the certificates we issue: the authority's own, and those for attestation keys
unlock          the key of an authority that gives people their tries back
authorities     one authority for each tenant; its key rests sealed, and can be replaced
"""
