"""tpm2-pytss, the TPM makers' own library, run by the system's Python: a second opinion on what we read and write.

It is a binding to C libraries that Debian packages, so it is asked from outside and is no dependency.
"""

import json
import subprocess
from functools import cache
from typing import Any

MISSING = "tpm2-pytss is not installed: apt-get install python3-tpm2-pytss"
_PYTHON = "/usr/bin/python3"
# Bytes come and go as hexadecimal digits.
_SCRIPT = """
import json, sys
from tpm2_pytss import TPMT_PUBLIC, TPMS_ATTEST
from tpm2_pytss.utils import make_credential

asked = {name: bytes.fromhex(value) for name, value in json.load(sys.stdin).items()}
told = {}
if "public" in asked:
    public, read = TPMT_PUBLIC.unmarshal(asked["public"])
    told |= {"read": read, "again": public.marshal().hex(), "name": bytes(public.get_name()).hex(),
             "attributes": str(public.objectAttributes), "pem": public.to_pem().decode()}
if "secret" in asked:
    blob, secret = make_credential(public, asked["secret"], asked["for"])
    told |= {"blob": bytes(blob).hex(), "encrypted": bytes(secret).hex()}
if "attest" in asked:
    attest, read = TPMS_ATTEST.unmarshal(asked["attest"])
    told |= {"attest_read": read, "certified": bytes(attest.attested.certify.name).hex(), "type": int(attest.type),
             "magic": int(attest.magic), "extra": bytes(attest.extraData).hex()}
json.dump(told, sys.stdout)
"""


@cache
def is_available() -> bool:
    return _run("import tpm2_pytss").returncode == 0


def ask(**asked: bytes) -> dict[str, Any]:
    """What tpm2-pytss makes of a TPMT_PUBLIC (*public*) and a TPMS_ATTEST (*attest*).

    With *secret* and *for* (a TPM name) it makes a credential for that name under *public*.
    """
    done = _run(_SCRIPT, json.dumps({name: value.hex() for name, value in asked.items()}))
    if done.returncode:
        raise RuntimeError(done.stderr)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _run(script: str, said: str = "") -> subprocess.CompletedProcess[str]:
    # -I: nothing of the environment that the tests run in.
    return subprocess.run([_PYTHON, "-I", "-c", script], input=said, capture_output=True, text=True, timeout=60)
