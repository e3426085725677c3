"""Shapes of signing in, for programs."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Membership, User
from accounts.roles import PERMISSIONS, Role
from accounts.sign_in.jwt import MAX_TOKEN
from accounts.sign_in.oauth import MAX_CODE, MAX_STATE
from accounts.sign_in.proofs import MAX_PASSWORD


class LoginUrlSerializer(serializers.Serializer[Any]):
    """Where to send somebody who signs in by a provider."""

    url = serializers.URLField(help_text="Open it in the person's browser.")
    authorization_url = serializers.URLField(help_text="The same.")
    state = serializers.CharField(help_text="The provider gives it back; it is taken once.")
    provider = serializers.CharField()
    redirect_uri = serializers.CharField(help_text="Where the provider sends the person back to.")
    expires_in = serializers.IntegerField(help_text="Seconds in which to come back.")


class PasswordSerializer(serializers.Serializer[Any]):
    """Signing in by address and password."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(
        max_length=MAX_PASSWORD, trim_whitespace=False, style={"input_type": "password"}
    )
    otp = serializers.CharField(
        max_length=40,
        required=False,
        default="",
        help_text="A code of the authenticator app or a recovery code, where one is asked for.",
    )


class CallbackSerializer(serializers.Serializer[Any]):
    """What the provider gave the person's browser."""

    code = serializers.CharField(max_length=MAX_CODE)
    state = serializers.CharField(
        max_length=MAX_STATE, required=False, default="", help_text="Not needed with the cookie."
    )
    otp = serializers.CharField(max_length=40, required=False, default="")


class RefreshSerializer(serializers.Serializer[Any]):
    """A refresh token, which is used up by this."""

    refresh_token = serializers.CharField(max_length=MAX_TOKEN)


class UserSerializer(serializers.ModelSerializer[User]):
    """The person."""

    class Meta:
        model = User
        fields = ("id", "email", "name", "time_zone", "created_at")
        read_only_fields = ("email", "created_at")


class PlaceSerializer(serializers.ModelSerializer[Membership]):
    """A tenant that the person is in, and what they are there."""

    id = serializers.UUIDField(source="tenant_id", help_text="Send it as `X-Tenant-Id`.")
    name = serializers.CharField(source="tenant.name")
    role = serializers.ChoiceField(choices=Role.choices)
    level = serializers.CharField(
        help_text="Whose rows they see: `own`, `team`, `organization` or `all`."
    )
    time_zone = serializers.CharField(source="tenant.time_zone")
    current = serializers.SerializerMethodField(help_text="Whether this request is answered in it.")

    class Meta:
        model = Membership
        fields = ("id", "name", "role", "level", "time_zone", "current")

    def get_current(self, place: Membership) -> bool:
        here: Membership | None = self.context.get("member")
        return here.tenant_id == place.tenant_id if here else False


class MeSerializer(UserSerializer):
    """The person, where they are, and what they may do there."""

    tenant = serializers.SerializerMethodField()
    permissions = serializers.SerializerMethodField(help_text="What they may do in the tenant.")

    class Meta(UserSerializer.Meta):
        fields = (*UserSerializer.Meta.fields, "tenant", "permissions")  # type: ignore[assignment]

    def get_tenant(self, user: User) -> dict[str, Any] | None:
        member = self.context.get("member")
        return PlaceSerializer(member, context=self.context).data if member else None

    def get_permissions(self, user: User) -> list[str]:
        member = self.context.get("member")
        if not member:
            return []
        return [name for name, found in PERMISSIONS.items() if member.may(found.role)]


class PairSerializer(serializers.Serializer[Any]):
    """The tokens of a program that is signed in."""

    access_token = serializers.CharField(help_text="Send it as `Authorization: Bearer …`.")
    token_type = serializers.CharField(help_text="`Bearer`.")
    expires_in = serializers.IntegerField(help_text="Seconds.")
    refresh_token = serializers.CharField(help_text="For new tokens, once.")
    refresh_expires_in = serializers.IntegerField(help_text="Seconds.")
    user = UserSerializer()
