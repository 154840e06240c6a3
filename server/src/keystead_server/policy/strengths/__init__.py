"""Authentication strengths: which combinations of methods are enough.

model      the value, its combinations, and the three that are built in
evaluate   methods somebody used → met or not; what could meet it
document   Graph's `authenticationStrengthPolicy`, read and written
"""
