"""`make guest`: Debian's kernel in QEMU, with a real /dev/uhid and a real /dev/tpmrm0 on a software TPM.

machine   fetch the kernel, make a small initramfs, boot on this computer's own files (read-only)
inside    what happens there: agent, virtual security key, and three clients that are not ours
"""
