import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts import audit
from accounts.api_tokens import tokens
from accounts.api_tokens.forms import LONGEST
from accounts.authentication import find_member
from accounts.models import ApiToken, User
from accounts.roles import TokenScope


def days(text: str) -> timedelta:
    """A lifetime of at least a day, as somebody writes it. Raises `ArgumentTypeError`."""
    if not (re.fullmatch("[0-9]{1,4}", text) and 1 <= int(text) <= LONGEST.days):
        raise ArgumentTypeError(f"write a whole number from 1 to {LONGEST.days}")
    return timedelta(days=int(text))


class Command(BaseCommand):
    help = "Make an API token for a member and print it; it is shown only here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--tenant", default="", help="id of the tenant; the member's first one")
        parser.add_argument("--name", default="command line")
        parser.add_argument(
            "--scopes", nargs="+", choices=TokenScope.values, default=TokenScope.values
        )
        parser.add_argument("--days", type=days, help="days until it expires; never if unset")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower(), is_active=True).first()
        member = find_member(user, options["tenant"]) if user else None
        if member is None or not tokens.may_make(member):
            raise CommandError(f"{options['email']} is no member of a tenant here.")
        token, text = ApiToken.issue(
            member,
            name=options["name"],
            scopes=options["scopes"],
            lifetime=options["days"],
        )
        audit.record("apitoken.created", token, tenant=member.tenant, actor=member.user)
        self.stdout.write(text)
