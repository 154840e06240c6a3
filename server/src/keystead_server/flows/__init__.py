"""One file for each verb. Flows read and write through ports, ask policy, and return outcomes.

`attempts`, `auditing`, `pass_codes`, `people`, `policies` and `relying_party` are no verbs but what verbs share.
Verbs do not import each other (an import contract).
"""
