"""The goals of the protocol's speed: what is compared with what, the ratio allowed, the ratio found."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench import figures as names
from bench.figures import Figures, ratio
from bench.start import KAPOK, LIBRARIES, TRIVIAL

NOISE: Final = 1.25  # by so much a ratio of two rows of one run moves between runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """``found`` is a ratio, at most ``most`` of which is wanted."""

    number: int
    what: str
    found: float
    most: float

    @property
    def verdict(self) -> str:
        if self.found <= self.most:
            return "holds"
        return "within the noise" if self.found <= self.most * NOISE else "missed"


def goals(f: Figures) -> list[Goal]:
    return [*_one(f), *_two(f), *_three(f), *_four(f), *_six(f), *_seven(f)]


def _one(f: Figures) -> Iterator[Goal]:
    for who in names.OURS:
        if (who, "client_credentials") not in f.inside:
            continue
        found = ratio(f.inside[who, "client_credentials"], f.inside[who, "ES256 JWT made"])
        yield Goal(
            number=1, what=f"client_credentials in the process, {who} : one minimal ES256 JWT", found=found, most=2.5
        )
    for who, peer in zip(names.OURS, names.PEERS, strict=True):
        yield from _against(f, 1, "client_credentials", (who, peer), 0.5)


def _two(f: Figures) -> Iterator[Goal]:
    for operation, limits in {"code": (1.0, 1.0), "refresh": (0.8, 1.0)}.items():
        for who, peer, most in zip(names.OURS, names.PEERS, limits, strict=True):
            yield from _against(f, 2, operation, (who, peer), most)


def _against(f: Figures, number: int, operation: str, sides: tuple[str, str], most: float) -> Iterator[Goal]:
    ours, theirs = (f.behind.get((who, operation)) for who in sides)
    if ours and theirs:
        found = ratio([one.cpu for one in ours], [one.cpu for one in theirs])
        what = f"{operation} behind the server, {sides[0]} : {sides[1]}"
        yield Goal(number=number, what=what, found=found, most=most)


def _three(f: Figures) -> Iterator[Goal]:
    for who in names.OURS:
        if (who, "userinfo") not in f.inside:
            continue
        pairs = zip(f.inside[who, "ES256 JWT checked"], f.inside[who, "indexed read"], strict=True)
        floor = [check + read for check, read in pairs]
        for operation in ("userinfo", "introspection"):
            if (who, operation) not in f.inside:
                continue
            first, again = f.inside[who, operation], f.inside[who, f"{operation} again"]
            what = f"{operation}, {who} : one ES256 check and one indexed read"
            yield Goal(number=3, what=what, found=ratio(first, floor), most=1.6)
            yield Goal(number=3, what=f"{what}, token seen before", found=ratio(again, floor), most=0.3)


def _four(f: Figures) -> Iterator[Goal]:
    for who in names.OURS:
        for operation in ("jwks", "discovery"):
            yield from _against(f, 4, operation, (who, names.BARE), 1.5)


def _six(f: Figures) -> Iterator[Goal]:
    for (who, operation), pairs in f.grown.items():
        found = ratio([many for _, many in pairs], [few for few, _ in pairs])
        yield Goal(number=6, what=f"{operation}, {who}: many stored tokens : few", found=found, most=1.2)
    for (who, operation), (idle, during) in f.isolation.items():
        what = f"{operation}, {who}, while logins fail : idle"
        yield Goal(number=6, what=f"{what}, p50", found=during.p50 / idle.p50, most=5)
        yield Goal(number=6, what=f"{what}, p99", found=during.p99 / idle.p99, most=10)
    for who, (idle, during, _) in f.sweeps.items():
        what = f"slowest login, {who}, while expired rows are swept : idle"
        yield Goal(number=6, what=what, found=during.most / idle.most, most=3)


def _seven(f: Figures) -> Iterator[Goal]:
    if f.first:
        found = ratio(f.first[KAPOK], f.first[LIBRARIES])
        yield Goal(number=7, what="first answer : import of the libraries it needs", found=found, most=1.3)
        found = f.pss[KAPOK] / f.pss[TRIVIAL]
        yield Goal(
            number=7, what="a worker's memory (PSS) : Flask, SQLAlchemy and Authlib alone", found=found, most=1.3
        )
    for name, absent in f.lazy.items():
        yield Goal(number=7, what=f"{name} imported before it is used", found=float(not absent), most=0)
