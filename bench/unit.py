"""V: the CPU cost of one warm P-256 signature check through `cryptography`, in microseconds."""

import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_ROUNDS = 1500


def measure_v() -> float:
    key = ec.generate_private_key(ec.SECP256R1())
    public, algorithm, data = key.public_key(), ec.ECDSA(hashes.SHA256()), b"keystead" * 20
    signature = key.sign(data, algorithm)
    for _ in range(200):
        public.verify(signature, data, algorithm)
    started = time.process_time()
    for _ in range(_ROUNDS):
        public.verify(signature, data, algorithm)
    return (time.process_time() - started) / _ROUNDS * 1e6
