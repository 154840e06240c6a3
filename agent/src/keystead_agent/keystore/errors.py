"""What a keystore can refuse, each for a reason that a person would do something different about."""

from datetime import timedelta


class KeystoreError(Exception):
    code = "keystore_error"


class GestureRefused(KeystoreError):
    """The PIN is wrong, and the keystore has counted it."""

    code = "pin_wrong"

    def __init__(self, tries_left: int) -> None:
        noun = "try is" if tries_left == 1 else "tries are"
        super().__init__(f"That PIN is not right. {tries_left} {noun} left.")
        self.tries_left = tries_left


class PinLocked(KeystoreError):
    """Too many wrong PINs: not even the right one is looked at."""

    code = "pin_locked"

    def __init__(self, back_after: timedelta) -> None:
        seconds = int(back_after.total_seconds())
        super().__init__(f"Too many wrong PINs. One more try is given back after at most {_spoken(seconds)}.")
        self.back_after = back_after


class OtherMachine(KeystoreError):
    """The container was made with another keystore: a copied file, or a replaced chip."""

    code = "other_machine"

    def __init__(self) -> None:
        super().__init__(
            "These passkeys were made by another computer's security chip (or this one's was replaced or cleared), "
            "and they work only there. Register a new passkey on this computer."
        )


class KeystoreUnavailable(KeystoreError):
    """The chip is not there, or does not answer."""

    code = "keystore_unavailable"


class KeystoreUnusable(KeystoreError):
    """The chip answers and refuses what we need."""

    code = "keystore_unusable"


def _spoken(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 7200 else f"{round(seconds / 3600)} hours"
