"""A security key that is not there: CTAPHID through the kernel's uhid, for every program that knows such keys.

front        reports on one side, the daemon's socket on the other
uhid         the device file, /dev/uhid
uhid_events  what is written to it and read from it, as values
privileges   open it as root, and be the person from then on

Holds no key and can import no room that does.
"""
