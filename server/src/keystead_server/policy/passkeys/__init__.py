"""The passkey policy: who may register and use which passkeys.

model         the policy and its profiles, as frozen values
sets          names that stand for several authenticator models
document      the same as JSON, in Graph's names
reading       what reads JSON and says where it is wrong
rules         what one profile has against one passkey
decide        policy + who + which passkey → Admitted | NotAdmitted
explain       the same decision, told whole: every profile, every rule, what would change it
differences   what changed between two policies, in sentences
effect        whom a change of policy touches
lint          what its author may not have meant
"""
