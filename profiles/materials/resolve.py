"""From what is needed to what is held for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from profiles.access import Look
from profiles.certificates.read import CertificateLine
from profiles.facts import FactValue
from profiles.materials.material import Held, of_certificate, of_field
from profiles.materials.need import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A need and its candidates, the usable first, the longest valid before the others."""

    need: Need
    candidates: tuple[Held, ...]

    @property
    def best(self) -> Held | None:
        return next((held for held in self.candidates if held.usable), None)

    def chosen(self, mark: str) -> Held | None:
        """The usable candidate with this mark."""
        return next((held for held in self.candidates if held.usable and held.mark == mark), None)


def resolve(look: Look, needs: Sequence[Need], today: date) -> tuple[Resolved, ...]:
    """What the party has for each need; two queries whatever the number of needs."""
    accepted = [accept for need in needs for accept in need.accept]
    fields = {accept.name for accept in accepted if accept.kind == "field"}
    types = {accept.name for accept in accepted if accept.kind == "certificate"}
    values = look.values(fields) if fields else {}
    lines = look.certificates_of_types(types) if types else ()
    return tuple(_resolved(need, values, lines, today) for need in needs)


def _resolved(need: Need, values: dict[str, FactValue], lines: Sequence[CertificateLine], today: date) -> Resolved:
    found: list[Held] = []
    for accept in need.accept:
        if accept.kind == "field" and accept.name in values:
            found.append(of_field(accept.name, values[accept.name], today=today, max_age_days=need.max_age_days))
        if accept.kind == "certificate":
            found += [
                of_certificate(line, today=today, max_age_days=need.max_age_days)
                for line in lines
                if accept.name in {line.type_code, line.type_name, line.name}
            ]
    by_mark = {held.mark: held for held in found}  # two accepted names can mean one certificate
    # The order of `accept` is the portal's order of preference; only what cannot be used goes last.
    return Resolved(need=need, candidates=tuple(sorted(by_mark.values(), key=lambda held: not held.usable)))
