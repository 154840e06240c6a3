"""What a container can refuse."""

from keystead_core.link.messages import ErrorName


class ContainerError(Exception):
    code = "container_error"


class ContainerTampered(ContainerError):
    """The file was changed by something else than this program."""

    code = "container_tampered"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"The file of your passkeys was changed by something else ({what}). Nothing in it is used; "
            "restore it from a backup made on this computer, or move it away and begin anew."
        )


class PinNotSet(ContainerError):
    code = "pin_not_set"

    def __init__(self) -> None:
        super().__init__("There is no PIN yet: run keystead-agent pin set.")


class PinAlreadySet(ContainerError):
    code = "pin_already_set"

    def __init__(self) -> None:
        super().__init__("There is a PIN already: run keystead-agent pin change.")


class PinUnfit(ContainerError):
    """A new PIN that the rules do not allow; the message says which rule."""

    code = "pin_unfit"


class PinRulesContradict(ContainerError):
    """Two organisations, or one and this computer's settings, ask for PINs that cannot be the same."""

    code = "pin_rules_contradict"

    def __init__(self, why: str) -> None:
        super().__init__(f"The rules for PINs of your organisations contradict each other ({why}).")


class PinDue(ContainerError):
    """The PIN is right, and another one has to be chosen before anything is done with it."""

    code = "pin_due"


class PinOutgrown(PinDue):
    """The rules for PINs have changed since it was chosen; the message says which one it breaks."""

    code = "pin_outgrown"

    def __init__(self, why: str) -> None:
        super().__init__(f"Your organisation's rules for PINs have changed. {why} Choose another PIN.")


class PinExpired(PinDue):
    """The rules ask for another PIN from time to time, and it is time."""

    code = "pin_expired"

    def __init__(self) -> None:
        super().__init__("Your PIN is too old: choose another with keystead-agent pin change.")


class PasskeyUnknown(ContainerError):
    code = "passkey_unknown"

    def __init__(self) -> None:
        super().__init__("There is no such passkey in this container.")


class HelloKeyExists(ContainerError):
    """The account has a Hello key in this container, which does what a passkey would do."""

    code = "hello_key_exists"
    name: ErrorName = "InvalidStateError"

    def __init__(self, rp_id: str) -> None:
        super().__init__(
            f"This computer has a Windows Hello key of your account at {rp_id}, and one of the two is all that it "
            "keeps for an account. A security key or another device can still get a passkey."
        )


class ProviderUnknown(ContainerError):
    code = "provider_unknown"

    def __init__(self, provider: str) -> None:
        super().__init__(f"No identity provider {provider} is enrolled.")


class ProviderChanged(ContainerError):
    """An enrolled provider now gives another relying-party id, to which its passkeys would not belong."""

    code = "provider_changed"

    def __init__(self, issuer: str, was: str, now: str) -> None:
        super().__init__(f"{issuer} was enrolled as {was} and now calls itself {now}: unenrol it first.")
