"""Hello keys: of accounts at their own identity providers, one for each. Nothing here that a site can ask finds them."""

from keystead_agent.container.errors import HelloKeyExists, PasskeyUnknown
from keystead_agent.container.records import Kind, Passkey
from keystead_agent.container.vault import Vault


class HelloKeys:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    @property
    def kept(self) -> tuple[Passkey, ...]:
        return self._vault.keys(Kind.HELLO)

    def refuse_beside(self, rp_id: str, user_handle: bytes) -> None:
        """Raises HelloKeyExists: no passkey is made for an account that has a Hello key here."""
        if any((key.rp_id, key.user_handle) == (rp_id, user_handle) for key in self.kept):
            raise HelloKeyExists(rp_id)

    def remove(self, credential_id: bytes) -> None:
        """Its account may have a passkey here again; raises PasskeyUnknown."""
        if all(key.credential_id != credential_id for key in self.kept):
            raise PasskeyUnknown
        self._vault.save(self._vault.begun().without_passkeys({credential_id}))
