"""TPM marshalling: big-endian numbers and buffers with a 2-byte size before them."""


def u8(value: int) -> bytes:
    return value.to_bytes(1, "big")


def u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def sized(value: bytes) -> bytes:
    """TPM2B: the size, then the bytes."""
    return u16(len(value)) + value
