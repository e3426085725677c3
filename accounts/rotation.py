"""The vault's keys change: every sealed value is sealed anew under the first of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from accounts import vault


@dataclass(slots=True)
class Count:
    """What became of a holding's values; `unreadable`: where those lie that do not open."""

    label: str
    resealed: int = 0
    current: int = 0
    unreadable: list[str] = field(default_factory=list)


def rotate(holding: vault.Holding) -> Count:
    """Seal a holding's values anew, one by one: who is interrupted runs it again.

    A value that changed meanwhile was sealed under the first key by whoever changed it.
    """
    count = Count(holding.label)
    for sealed in holding.values():
        if vault.is_current(sealed.value, sealed.where):
            count.current += 1
            continue
        try:
            sealed.replace(vault.reseal(sealed.value, sealed.where))
        except vault.Unreadable:
            count.unreadable.append(sealed.where)
        else:
            count.resealed += 1
    return count
