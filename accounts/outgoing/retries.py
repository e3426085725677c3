"""When a message is tried again."""

from __future__ import annotations

import random
from datetime import timedelta

# Seconds to wait after the first, second, … try in vain. Short at first, for a receiver that is
# restarted or lets unknown senders wait (greylisting); then longer, so that a weekend's outage is
# outlived: ten tries over 75 hours and a half, and up to a tenth more by chance.
WAITS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
MOST_TRIES = len(WAITS) + 1
# A receiver may ask for more patience, within reason.
LONGEST = timedelta(days=2)
JITTER = 0.1


def wait_after(tries: int, asked: timedelta | None = None) -> timedelta | None:
    """How long to wait after so many tries in vain; None where it is time to give up.

    By chance up to a tenth longer, so that what failed together does not come back together.
    `asked` is what the receiver wished for (`Retry-After`): it is never asked earlier.
    """
    if tries >= MOST_TRIES:
        return None
    chance = 1 + random.random() * JITTER  # noqa: S311 - no secret
    wait = timedelta(seconds=WAITS[tries - 1] * chance)
    return max(wait, min(asked, LONGEST)) if asked else wait
