"""Ask one PAM service about one user: `pam_check.py SERVICE USER DIRECTORY`; exit code 0 is yes, all else is no.

A program of its own, with nothing of ours imported: modules are other people's C code,
they may hang, and they must not do so, or crash, where keys are used.

Questions to the person are answered with an error, so that a service that falls back
to a password fails instead of having one typed where nobody expects it.
"""

import ctypes
import sys
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_void_p
from ctypes.util import find_library

# security/_pam_types.h
PAM_SUCCESS = 0
_PAM_CONV_ERR = 19
_PAM_SILENT = 0x8000
_PAM_DISALLOW_NULL_AUTHTOK = 0x0001

_Conversation = CFUNCTYPE(c_int, c_int, c_void_p, c_void_p, c_void_p)


class _PamConv(Structure):
    _fields_ = (("conv", _Conversation), ("appdata", c_void_p))


def _library() -> ctypes.CDLL:
    pam = ctypes.CDLL(find_library("pam") or "libpam.so.0")
    # Never the default search: `pam_start_confdir` reads this directory's services and no other's.
    pam.pam_start_confdir.argtypes = [c_char_p, c_char_p, POINTER(_PamConv), c_char_p, POINTER(c_void_p)]
    pam.pam_authenticate.argtypes = pam.pam_acct_mgmt.argtypes = pam.pam_end.argtypes = [c_void_p, c_int]
    return pam


def recognises(service: str, user: str, directory: str) -> bool:
    conversation = _PamConv(_Conversation(lambda *_: _PAM_CONV_ERR), None)
    pam, handle = _library(), c_void_p()
    begun = pam.pam_start_confdir(
        service.encode(), user.encode(), byref(conversation), directory.encode(), byref(handle)
    )
    if begun != PAM_SUCCESS:
        return False
    flags = _PAM_SILENT | _PAM_DISALLOW_NULL_AUTHTOK
    result = pam.pam_authenticate(handle, flags)
    if result == PAM_SUCCESS:
        # An account that has expired is recognised, and not let in.
        result = pam.pam_acct_mgmt(handle, flags)
    pam.pam_end(handle, result)
    return bool(result == PAM_SUCCESS)


if __name__ == "__main__":
    sys.exit(0 if recognises(*sys.argv[1:4]) else 1)
