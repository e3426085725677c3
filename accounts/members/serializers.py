"""Shapes of members, teams and invitations in the API."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from accounts.api import OwnTenantField
from accounts.members import lists
from accounts.models import Invitation, Membership, Team
from accounts.roles import MEMBER_LEVELS, AccessLevel, Role

LEVEL_CHOICES = [(level.value, level.label) for level in MEMBER_LEVELS]


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """A member; role, level and team can be changed, by owners."""

    user = serializers.IntegerField(source="user_id", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)
    last_login = serializers.DateTimeField(
        source="user.last_login", read_only=True, allow_null=True
    )
    level = serializers.ChoiceField(choices=LEVEL_CHOICES, required=False)
    team = OwnTenantField(Team, required=False, allow_null=True)
    state = serializers.SerializerMethodField(
        help_text="`live`, `suspended` by an owner, or `stopped` by the installation's staff."
    )

    class Meta:
        model = Membership
        fields = (
            "id",
            "user",
            "name",
            "email",
            "role",
            "level",
            "team",
            "state",
            "suspended_at",
            "last_login",
            "created_at",
        )
        read_only_fields = ("suspended_at", "created_at")

    def get_state(self, member: Membership) -> str:
        return lists.state_of(member)


class HeirSerializer(serializers.Serializer[Any]):
    """Who gets what a member leaves; without one, whoever removes them."""

    heir = OwnTenantField(Membership, required=False, allow_null=True)


class HandOverSerializer(serializers.Serializer[Any]):
    """Whether the giver of ownership becomes an admin."""

    step_down = serializers.BooleanField(default=False)


class TeamSerializer(serializers.ModelSerializer[Team]):
    """A team and how many members it has."""

    members = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Team
        fields = ("id", "name", "members")
        # Whether a name is free is asked by `teams`, whatever the case of its letters.
        validators: list[Any] = []


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """An invitation; the link in the mail is told nowhere else."""

    role = serializers.ChoiceField(choices=Role.choices, default=Role.VIEWER)
    level = serializers.ChoiceField(choices=LEVEL_CHOICES, default=AccessLevel.ORGANIZATION)
    team = OwnTenantField(Team, required=False, allow_null=True, default=None)
    state = serializers.SerializerMethodField(
        help_text="`open`, `accepted`, `expired` or `revoked`."
    )

    class Meta:
        model = Invitation
        read_only_fields = (
            "invited_by",
            "created_at",
            "sent_at",
            "expires_at",
            "accepted_at",
            "revoked_at",
        )
        fields = ("id", "email", "role", "level", "team", "state", *read_only_fields)

    def get_state(self, invitation: Invitation) -> str:
        return invitation.state(timezone.now())
