"""What the identity provider is about: frozen values and their legal transitions. No I/O, no clock."""
