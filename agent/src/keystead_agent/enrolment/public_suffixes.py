"""Which names are public suffixes, under which strangers register: co.uk, github.io.

The list is the system's own, Debian's package publicsuffix, as the browsers use it;
where there is none, nothing is known, and who asks has to do without a parent domain.
Its rules, by https://publicsuffix.org/list/: an exception ("!www.ck") before all
others, then the longest; "*" stands for one label; a name without a rule ends in a
suffix of one label.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SYSTEM_LIST: Final = Path("/usr/share/publicsuffix/public_suffix_list.dat")


@dataclass(frozen=True, slots=True)
class PublicSuffixes:
    """The rules, in the form that host names have: lower case, without characters beyond ASCII."""

    rules: frozenset[str]

    def suffix_of(self, host: str) -> str:
        labels = host.split(".")
        for start in range(len(labels)):
            name = ".".join(labels[start:])
            if f"!{name}" in self.rules:
                return ".".join(labels[start + 1 :])
            if name in self.rules or ".".join(["*", *labels[start + 1 :]]) in self.rules:
                return name
        return labels[-1]

    def is_suffix(self, host: str) -> bool:
        """A name of one label that has no rule is none: `localhost`, or a computer in an office."""
        return self.suffix_of(host) == host and ("." in host or host in self.rules)

    def registrable_label(self, host: str) -> str | None:
        """The label before the suffix, "example" of login.example.co.uk; None for a suffix."""
        suffix = self.suffix_of(host)
        return None if suffix == host else host.removesuffix(f".{suffix}").rpartition(".")[2]


def read_list(lines: Iterable[str]) -> PublicSuffixes:
    # "Each line is only read up to the first whitespace; entire lines can also be commented using //."
    rules = (line.split()[0] for line in lines if line.strip() and not line.startswith("//"))
    return PublicSuffixes(frozenset(".".join(map(_ascii, rule.split("."))) for rule in rules))


def system_suffixes(path: Path = SYSTEM_LIST) -> PublicSuffixes | None:
    """The system's list; None where there is none to be read, or where it is no list."""
    try:
        with path.open(encoding="utf-8") as lines:
            suffixes = read_list(lines)
    except (OSError, UnicodeError):
        return None
    return suffixes if "com" in suffixes.rules else None


def _ascii(label: str) -> str:
    # The list has its labels in the one form that can be written in ASCII in one way.
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
