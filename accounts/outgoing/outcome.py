"""What came of one try to send a message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from accounts.models import OutboxMessage


class Result(StrEnum):
    """What a try means for the message."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GONE = "gone"  # no further try will help


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result, the receiver's status code (SMTP or HTTP), its words, and its wish to wait.

    `way_failed`: it is not about this message, the whole way (a mail server) is out of order.
    """

    result: Result
    status: int | None = None
    detail: str = ""
    after: timedelta | None = None
    way_failed: bool = False


def delivered(status: int | None = None, detail: str = "") -> Outcome:
    """The receiver has it."""
    return Outcome(Result.DELIVERED, status, detail)


def retry(detail: str, status: int | None = None, after: timedelta | None = None) -> Outcome:
    """Not this time; `after` is how long the receiver asked to be left alone."""
    return Outcome(Result.RETRY, status, detail, after)


def gone(detail: str, status: int | None = None) -> Outcome:
    """The receiver will never have it; the message is given up."""
    return Outcome(Result.GONE, status, detail)


# Sends a message with its content, in a thread: it reads and writes no row of the database.
Send = Callable[[OutboxMessage, dict[str, Any]], Outcome]
# Is told of every outcome, in the transaction that writes it down; the message is as it was sent.
Told = Callable[[OutboxMessage, Outcome, datetime], None]
