"""Whom we believe about authenticators: roots of attestation, and how a chain is judged against them."""
