"""Who sends what: a channel's way out, and who is told what came of it."""

from __future__ import annotations

from accounts.models import OutboxMessage
from accounts.outgoing import mail, webhook
from accounts.outgoing.outcome import Send, Told

SENDERS: dict[str, Send] = {
    OutboxMessage.Channel.MAIL: mail.send,
    OutboxMessage.Channel.WEBHOOK: webhook.send,
}
TOLD: dict[str, Told] = {
    OutboxMessage.Channel.MAIL: mail.told,
    OutboxMessage.Channel.WEBHOOK: webhook.told,
}
