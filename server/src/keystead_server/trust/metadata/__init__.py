"""The FIDO Metadata Service: what makers and the FIDO Alliance say about authenticator models.

blob       signed text → AuthenticatorMetadata, or why it is not believed
signer     who signed it: the chain up to a root that the operator chose
root       reads that root from a file
entries    one entry at a time; a bad one never removes the rest
shelf      what is in force, kept in the data folder
errors     why a blob is not believed
"""
