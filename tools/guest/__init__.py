"""`make guest`: Debian's kernel in QEMU, with a real /dev/uhid and a real /dev/tpmrm0 on a software TPM.

machine   fetch the kernel, make a small initramfs, boot on this computer's own files (read-only)
desk      inside: a person's agent and their virtual security key
clients   three clients that are not ours (`make guest`)
outside   the way from in there to what runs outside it
browsers  Chromium and Firefox (`make guest-browsers`), chromium drives the one, provider is where they go
systemd   the package as a newcomer installs it, under systemd itself (`make guest-systemd`)
"""
