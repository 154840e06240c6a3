"""RSA moduli made by the chips of CVE-2017-15361 ("ROCA").

Those chips built every prime as k*M + (65537^a mod M), M a product of small
primes, so modulo each small prime the modulus is a power of 65537. A modulus
for which that holds throughout gives its private key away; by chance it
holds about once in 2**27.
"""

_GENERATOR = 65537
_SMALL_PRIMES = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73,
    79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
)  # fmt: skip


def _powers_of_generator(prime: int) -> frozenset[int]:
    return frozenset(pow(_GENERATOR, exponent, prime) for exponent in range(prime))


_FINGERPRINT = tuple((prime, _powers_of_generator(prime)) for prime in _SMALL_PRIMES)


def is_roca_modulus(modulus: int) -> bool:
    return all(modulus % prime in powers for prime, powers in _FINGERPRINT)
