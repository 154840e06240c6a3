"""Telling people by mail what happened to their account.

words   each occasion's subject and text, in plain text
smtp    the Mail port over SMTP
"""
