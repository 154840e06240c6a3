"""A machine that boots in seconds: Debian's stock kernel, this computer's files underneath, nothing written to them."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
BUILD: Final = ROOT / "build" / "guest"
_MODULES: Final = ("virtio_pci", "9p", "9pnet_virtio", "overlay", "virtio_net", "uhid", "hid-generic")

# Whatever ends this program, SIGKILL too, ends what it started.
_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL")
# Hardware virtualisation is not counted on: what runs CI often is a virtual machine itself.
_MACHINE: Final = (
    *(*_WITH_US, "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"),
    *("-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio"),
    *("-append", "console=ttyS0 quiet loglevel=3 panic=1 mitigations=off random.trust_cpu=on systemd.show_status=no"),
)


@dataclass(frozen=True, slots=True)
class Size:
    """Attributes:
    seconds: after which it is switched off, whatever it does.
    """

    memory_mib: int = 1024
    seconds: float = 420.0


_INIT: Final = """#!/bin/busybox sh
B=/bin/busybox
$B mount -t proc proc /proc; $B mount -t sysfs sys /sys; $B mount -t devtmpfs dev /dev
while read -r module; do $B insmod "/modules/$module" 2>/dev/null; done < /modules/order
$B mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,cache=loose,ro host /host
$B mount -t tmpfs scratch /scratch; $B mkdir -p /scratch/upper /scratch/work
$B mount -t overlay -o lowerdir=/host,upperdir=/scratch/upper,workdir=/scratch/work root /root
for each in proc sys dev; do $B mount --move "/$each" "/root/$each"; done
$B mkdir -p /root/dev/shm /root/dev/pts
$B mount -t tmpfs shm /root/dev/shm; $B mount -t devpts pts /root/dev/pts; $B mount -t tmpfs run /root/run
@BEFORE@
exec $B switch_root /root @COMMAND@
"""


def prepare(command: list[str], *, before: str = "") -> None:
    """Fetch the kernel once; make the initramfs that runs *command* in the end, after the shell's line *before*."""
    BUILD.mkdir(parents=True, exist_ok=True)
    kernel = BUILD / "kernel"
    if not (kernel / "boot").exists():
        depends = _output("apt-cache", "depends", "linux-image-amd64")
        package = next(line.split()[-1] for line in depends.splitlines() if "Depends: linux-image" in line)
        _run("apt-get", "download", "-qq", package)
        (archive,) = BUILD.glob("linux-image-*.deb")
        _run("dpkg", "-x", archive.name, "kernel")
        archive.unlink()
    _make_initramfs(kernel, command, before)


def _make_initramfs(kernel: Path, command: list[str], before: str) -> None:
    version = next((kernel / "lib" / "modules").iterdir()).name
    _run("/sbin/depmod", "-b", str(kernel), version)
    with tempfile.TemporaryDirectory(dir=BUILD) as name:
        tree = Path(name)
        for folder in ("bin", "modules", "proc", "sys", "dev", "host", "scratch", "root"):
            (tree / folder).mkdir()
        (tree / "bin" / "busybox").write_bytes(Path("/bin/busybox").read_bytes())
        init = _INIT.replace("@COMMAND@", " ".join(command)).replace("@BEFORE@", before)
        (tree / "init").write_text(init, encoding="utf-8")
        for program in ("bin/busybox", "init"):
            (tree / program).chmod(0o755)
        needed = list(
            dict.fromkeys(path for module in _MODULES for path in _with_dependencies(kernel, version, module))
        )
        for path in needed:
            (tree / "modules" / path.name).write_bytes(path.read_bytes())
        order = "".join(f"{path.name}\n" for path in needed)
        (tree / "modules" / "order").write_text(order, encoding="utf-8")
        archive = f"cd '{tree}' && find . | cpio --quiet -o -H newc | gzip -1 > '{BUILD}/initramfs.gz'"
        _run("sh", "-c", archive)


def _with_dependencies(kernel: Path, version: str, module: str) -> list[Path]:
    said = _output("/sbin/modprobe", "-d", str(kernel), "-S", version, "--show-depends", module)
    return [Path(line.split()[1]) for line in said.splitlines() if line.startswith("insmod")]


@contextmanager
def _software_tpm() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="keystead-guest-") as name:
        control = Path(name) / "control"
        chip = subprocess.Popen(
            [
                *_WITH_US,
                "swtpm",
                "socket",
                "--tpm2",
                "--tpmstate",
                f"dir={name}",
                "--ctrl",
                f"type=unixio,path={control}",
            ]
        )
        try:
            while not control.exists():
                time.sleep(0.05)
            yield control
        finally:
            chip.terminate()
            chip.wait(timeout=10)


def boot(size: Size) -> Iterator[str]:
    """Yield what the machine prints, line by line, until it is switched off."""
    with _software_tpm() as tpm:
        machine = subprocess.Popen(
            [*_MACHINE, "-m", str(size.memory_mib), *_files(), *_chip(tpm)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        deadline = time.monotonic() + size.seconds
        try:
            assert machine.stdout is not None
            for line in machine.stdout:
                yield line.rstrip()
                if time.monotonic() > deadline:
                    yield "The machine takes too long."
                    return
        finally:
            machine.kill()
            machine.wait(timeout=10)


def _files() -> list[str]:
    (image,) = (BUILD / "kernel" / "boot").glob("vmlinuz-*")
    host = "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"
    network = ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="]
    return ["-kernel", str(image), "-initrd", str(BUILD / "initramfs.gz"), "-virtfs", host, *network]


def _chip(control: Path) -> list[str]:
    socket, chip = f"socket,id=control,path={control}", "emulator,id=chip,chardev=control"
    return ["-chardev", socket, "-tpmdev", chip, "-device", "tpm-tis,tpmdev=chip"]


def python() -> str:
    """The interpreter with our packages; its path is the same inside."""
    return str(Path(sys.executable))


def _run(*command: str) -> None:
    subprocess.run(command, cwd=BUILD, check=True)


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=BUILD, check=True, capture_output=True, text=True).stdout
