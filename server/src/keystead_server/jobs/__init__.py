"""What is done by itself from time to time; each takes ports like a flow.

deliver_letters    what waits in the outbox
refresh_metadata   what makers and the FIDO Alliance say about authenticator models
"""
