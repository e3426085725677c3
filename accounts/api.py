"""What every endpoint of the API shares: who asks, what they may, how it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import wraps
from http import HTTPStatus
from typing import Any, ClassVar, cast

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework import exceptions, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit
from accounts.permissions import member_or_403, refuse_partial, scope_of
from accounts.roles import Role
from accounts.tenancy import TenantOwned, tenant_transaction

PROBLEM_TYPE = "application/problem+json"


# --- How it fails -----------------------------------------------------------------------------


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler: problem details (RFC 9457) with a stable `code`."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, ValidationError):
        error = exceptions.ValidationError(serializers.as_serializer_error(error))
    if not isinstance(error, exceptions.APIException):
        return None
    codes = error.get_codes()
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "code": codes if isinstance(codes, str) else error.default_code,
    }
    if isinstance(error, exceptions.ValidationError):
        body["errors"] = error.detail
    else:
        body["detail"] = str(error.detail)
    headers = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    response = Response(body, status=error.status_code, headers=headers)
    renderer = getattr(context.get("request"), "accepted_renderer", None)
    if renderer is None or renderer.format == "json":  # people get the problem within a page
        response.content_type = PROBLEM_TYPE
    return response


class Refused(exceptions.APIException):
    """A question that makes no sense, with the code by which a program knows why."""

    status_code = HTTPStatus.BAD_REQUEST

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail, code)


MOST_DIGITS = 9


def whole_number(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A parameter of the address. Raises `ValidationError` for what is no number within bounds."""
    text = request.query_params.get(name, "")
    if not text:
        return default
    plain = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
    if not plain or not least <= int(text) <= most:
        told = _("Write a whole number from %(least)d to %(most)d.") % {
            "least": least,
            "most": most,
        }
        raise exceptions.ValidationError({name: [told]})
    return int(text)


def one_of(request: Request, name: str, choices: Iterable[str], default: str) -> str:
    """A parameter of the address. Raises `ValidationError` for what is none of the choices."""
    text, choices = request.query_params.get(name, ""), list(choices)
    if text and text not in choices:
        told = _("Choose one of: %(choices)s.") % {"choices": ", ".join(choices)}
        raise exceptions.ValidationError({name: [told]})
    return text or default


# --- The base of the tenant's viewsets --------------------------------------------------------


class OwnTenantField(serializers.PrimaryKeyRelatedField):
    """A reference in a body: another tenant's row does not exist there either."""

    def __init__(self, model: type[TenantOwned], **options: Any) -> None:
        self.model = model
        super().__init__(queryset=model.plain.none(), **options)

    def get_queryset(self) -> models.QuerySet[Any]:
        return self.model.objects.visible_to(scope_of(self.context["request"]))

    def to_internal_value(self, data: Any) -> Any:
        try:
            return super().to_internal_value(data)
        except OverflowError:  # a number that no column holds is no id
            self.fail("does_not_exist", pk_value=data)


def of_tenant(write: Callable[..., None]) -> Callable[..., None]:
    """A viewset's write, in a transaction of the asking member's tenant."""

    @wraps(write)
    def written(view: Any, *args: Any) -> None:
        with tenant_transaction(member_or_403(view.request).tenant_id):
            write(view, *args)

    return written


class InTenant(APIView):
    """A view of one tenant's rows: with row-level security its whole request is a transaction.

    Who asks is found before it opens. The answer is rendered within, since the pages of the API
    read rows as well; what fails is rolled back.
    """

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as self.opened:
            response = super().dispatch(request, *args, **kwargs)
            if not settings.ROW_SECURITY or not isinstance(response, Response):
                return response
            response.render()
            if response.exception and transaction.get_connection().in_atomic_block:
                transaction.set_rollback(True)
            return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if settings.ROW_SECURITY:
            self.opened.enter_context(tenant_transaction(member_or_403(request).tenant_id))


class TenantViewSet(InTenant, viewsets.ModelViewSet[Any]):
    """Rows of the asking member's tenant: scope, role and audit, once for all.

    A subclass names `model`, `serializer_class` and, where they differ, the roles.
    """

    model: ClassVar[type[TenantOwned]]
    read_role: ClassVar[Role] = Role.VIEWER
    write_role: ClassVar[Role] = Role.MANAGER

    def get_queryset(self) -> models.QuerySet[Any]:
        if getattr(self, "swagger_fake_view", False):  # the description asks of what it is
            return self.model.plain.none()
        return self.model.objects.visible_to(scope_of(self.request))

    def filter_queryset(self, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """A row that is about to be changed is locked: of two changes at once none is lost."""
        rows = super().filter_queryset(queryset)
        changes = self.action in ("update", "partial_update")
        return rows.select_for_update(of=("self",)) if changes else rows

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        with tenant_transaction(member_or_403(request).tenant_id):
            return super().update(request, *args, **kwargs)

    def new_row_values(self) -> dict[str, Any]:
        """What a new row gets that no client may choose."""
        member = member_or_403(self.request)
        values: dict[str, Any] = {"tenant": member.tenant}
        if any(field.name == "owner" for field in self.model._meta.concrete_fields):
            values["owner"] = member.user
        return values

    def _record(self, action: str, row: models.Model, changes: dict[str, Any]) -> None:
        member = member_or_403(self.request)
        kind = row._meta.model_name
        audit.record(
            f"{kind}.{action}", row, tenant=member.tenant, actor=member.user, changes=changes
        )

    def check_may_create(self) -> None:
        """A token for some sites makes nothing that it could not see afterwards."""
        refuse_partial(self.request)

    @of_tenant
    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        self.check_may_create()
        row = serializer.save(**self.new_row_values())
        fields = list(serializer.validated_data)
        self._record("created", row, audit.differences(None, row, fields))

    @of_tenant
    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        """Store and audit what differs; what is as it was is left alone."""
        given = serializer.validated_data
        before = self.model.plain.get(pk=cast(models.Model, serializer.instance).pk)
        if all(getattr(before, name, given) == value for name, value in given.items()):
            return
        fields = list(given)
        row = serializer.save()
        if changes := audit.differences(before, row, fields):
            self._record("changed", row, changes)

    @of_tenant
    def perform_destroy(self, instance: models.Model) -> None:
        self._record("deleted", instance, audit.gone(instance))
        instance.delete()
