"""Pages for administrators. Reads go to the store; whatever changes something runs one flow.

routes          each page with the permission it asks for
overview        figures and the last sign-ins
people, person  the list, and one account
groups, apps    the lists, and one of each
passkey_policy  the editor; policy_form holds what stands in it
logs            sign-ins and changes
asked           what an address or form names, found or refused
"""
