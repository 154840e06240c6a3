"""The Authentication methods policy: which methods people may sign in with and set up.

Passkeys have a policy of their own (policy.passkeys); this one has the other methods, and what holds
for all of them together.

model         the policy, as frozen values
document      the same as JSON, in Graph's names
decide        policy + method + who → nothing against it | NotAllowed
defaults      security defaults: who must have a passkey before they go anywhere
preferred     which of somebody's methods is offered first
differences   what changed between two policies, in sentences
effect        whom a change of policy touches
lint          what its author may not have meant
campaign      whether somebody is asked to add a passkey on the device they sit at
"""
