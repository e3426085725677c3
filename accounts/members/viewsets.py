"""Members, teams and invitations in the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters  # type: ignore[import-untyped]
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import api
from accounts.members import invitations, people, teams
from accounts.members.people import Rights
from accounts.members.serializers import (
    HandOverSerializer,
    HeirSerializer,
    InvitationSerializer,
    MemberSerializer,
    TeamSerializer,
)
from accounts.models import Invitation, Membership, Team
from accounts.permissions import member_or_403, refuse_partial, scope_of
from accounts.roles import role_for


@contextmanager
def _told() -> Iterator[None]:
    """What a use case refuses, as an answer with its code."""
    try:
        yield
    except people.Refused as problem:
        raise api.Refused(problem.code, str(problem)) from problem


class OfPeople:
    """People belong to no site: a token for certain sites has nothing to do with them."""

    def check_permissions(self, request: Request) -> None:
        super().check_permissions(request)  # type: ignore[misc]
        refuse_partial(request)


class MemberFilter(filters.FilterSet):
    """`?role=`, `?level=`, `?team=` (an id; one of another tenant is one of no team)."""

    team = filters.NumberFilter(field_name="team_id", help_text="The id of a team.")

    class Meta:
        model = Membership
        fields = ("role", "level", "team")


class MemberViewSet(
    OfPeople,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    mixins.ListModelMixin,
    viewsets.GenericViewSet[Membership],
):
    """The members of the tenant: admins see them, owners change them.

    People become members by invitations. Changing somebody signs them out.
    """

    serializer_class = MemberSerializer
    read_role = role_for("people.read")
    write_role = role_for("people.manage")
    filterset_class = MemberFilter
    queryset = Membership.plain.none()

    def get_queryset(self) -> QuerySet[Membership]:
        if getattr(self, "swagger_fake_view", False):
            return Membership.plain.none()
        rows = Membership.objects.visible_to(scope_of(self.request))
        return rows.select_related("user", "tenant", "team").order_by("pk")

    @transaction.atomic
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Change some rights of a member; of two changes at once none is lost."""
        people.lock([member_or_403(request).tenant_id])
        return super().update(request, *args, **kwargs)

    def perform_update(self, serializer: serializers.BaseSerializer[Membership]) -> None:
        row, given = serializer.instance, serializer.validated_data
        assert row is not None
        rights = Rights(
            given.get("role", row.role), given.get("level", row.level), given.get("team", row.team)
        )
        with _told():
            serializer.instance = people.change(row, rights, by=member_or_403(self.request).user)

    @extend_schema(request=HeirSerializer)
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Remove a member. What they own becomes the `heir`'s, else whoever asks."""
        asked = HeirSerializer(data=request.data or {}, context={"request": request})
        asked.is_valid(raise_exception=True)
        with _told():
            people.remove(
                self.get_object(),
                by=member_or_403(request).user,
                heir=asked.validated_data.get("heir"),
            )
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _do(self, request: Request, act: Callable[[Membership], Membership]) -> Response:
        with _told():
            row = act(self.get_object())
        return Response(self.get_serializer(row).data)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, pk: str | None = None) -> Response:
        """Let the member in no more, until resumed."""
        by = member_or_403(request).user
        return self._do(request, lambda row: people.suspend(row, timezone.now(), by=by))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str | None = None) -> Response:
        """Let a suspended member in again."""
        by = member_or_403(request).user
        return self._do(request, lambda row: people.resume(row, by=by))

    @extend_schema(request=HandOverSerializer)
    @action(detail=True, methods=["post"], url_path="make-owner")
    def make_owner(self, request: Request, pk: str | None = None) -> Response:
        """Make the member an owner; with `step_down` whoever asks becomes an admin."""
        asked = HandOverSerializer(data=request.data or {})
        asked.is_valid(raise_exception=True)
        step_down, by = asked.validated_data["step_down"], member_or_403(request).user
        return self._do(request, lambda row: people.hand_over(row, by=by, step_down=step_down))


class TeamViewSet(OfPeople, api.TenantViewSet):
    """The teams of the tenant. Who is in a team stands at the members."""

    model = Team
    serializer_class = TeamSerializer
    read_role = role_for("teams.read")
    write_role = role_for("people.manage")
    filterset_fields = ("name",)

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset().select_related("tenant")
        return rows.annotate(members=Count("memberships")).order_by("name")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Without the lock of a row: `teams` locks the tenant, which comes before its rows."""
        return super(api.TenantViewSet, self).filter_queryset(queryset)

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        member = member_or_403(self.request)
        with _told():
            serializer.instance = teams.make(
                member.tenant, serializer.validated_data["name"], by=member.user
            )

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        team: Any = serializer.instance
        name = serializer.validated_data.get("name", team.name)
        with _told():
            teams.rename(team, name, by=member_or_403(self.request).user)

    def perform_destroy(self, instance: Any) -> None:
        """Members who saw the team's rows see their own from then on."""
        with _told():
            teams.delete(instance, by=member_or_403(self.request).user)


class InvitationViewSet(
    OfPeople,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    viewsets.GenericViewSet[Invitation],
):
    """Invitations by mail: admins see them, owners send, resend and revoke them."""

    serializer_class = InvitationSerializer
    read_role = role_for("people.read")
    write_role = role_for("people.manage")
    filterset_fields = ("email", "role")
    queryset = Invitation.plain.none()

    def get_queryset(self) -> QuerySet[Invitation]:
        if getattr(self, "swagger_fake_view", False):
            return Invitation.plain.none()
        rows = Invitation.objects.visible_to(scope_of(self.request))
        return rows.select_related("tenant", "team").order_by("-created_at", "-pk")

    def perform_create(self, serializer: serializers.BaseSerializer[Invitation]) -> None:
        member, given = member_or_403(self.request), serializer.validated_data
        rights = Rights(given["role"], given["level"], given["team"])
        with _told():
            (serializer.instance,) = invitations.invite(
                member.tenant, [given["email"]], rights, timezone.now(), by=member.user
            )

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Revoke an invitation: its link opens nothing any more."""
        by = member_or_403(request).user
        invitations.revoke(self.get_object(), timezone.now(), by=by)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def resend(self, request: Request, pk: str | None = None) -> Response:
        """Write again, with a new link and all its days; the old link is dead."""
        by = member_or_403(request).user
        with _told():
            row = invitations.resend(self.get_object(), timezone.now(), by=by)
        return Response(self.get_serializer(row).data)
