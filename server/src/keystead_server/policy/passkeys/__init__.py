"""The passkey policy: who may register and use which passkeys.

model      the policy and its profiles, as frozen values
document   the same as JSON, in Graph's names
decide     policy + who + which passkey → Admitted | NotAdmitted
"""
