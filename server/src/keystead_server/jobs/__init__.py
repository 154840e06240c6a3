"""What is done by itself from time to time; each takes ports like a flow.

refresh_metadata   what makers and the FIDO Alliance say about authenticator models
"""
