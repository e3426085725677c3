"""The pages about API tokens: one's own, and for admins all of the organisation."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.api_tokens import tokens
from accounts.api_tokens.forms import TokenForm
from accounts.models import ApiToken, Membership, Site
from accounts.pages import member_required, role_or_403
from accounts.roles import Role, TokenScope
from accounts.sections import account_page, organisation_page

ROWS = 25


def _rows(page: Page[ApiToken], member: Membership) -> list[dict[str, Any]]:
    """What the table shows of each token; sites by name, as far as the member sees them."""
    now = timezone.now()
    wanted = {pk for token in page for pk in token.site_ids or ()}
    seen = Site.objects.visible_to(member.scope()).filter(pk__in=wanted) if wanted else ()
    names = {site.pk: site.name for site in seen}
    return [
        {
            "token": token,
            "state": tokens.state_of(token, now),
            "scopes": [TokenScope(scope).label for scope in token.scopes],
            "sites": None
            if token.site_ids is None
            else [names[pk] for pk in token.site_ids if pk in names],
        }
        for token in page
    ]


def _list(request: HttpRequest, member: Membership, found: QuerySet[ApiToken]) -> dict[str, Any]:
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    return {"page": page, "rows": _rows(page, member), "may_make": tokens.may_make(member)}


@never_cache
@require_safe
@member_required
def own_tokens(request: HttpRequest, member: Membership) -> HttpResponse:
    """The tokens that the signed-in person made for this organisation."""
    context = _list(request, member, tokens.tokens_of(member))
    return account_page(request, "tokens", "accounts/tokens.html", **context)


@never_cache
@require_safe
@member_required
def all_tokens(request: HttpRequest, member: Membership) -> HttpResponse:
    """All tokens of the organisation; admins may revoke each."""
    role_or_403(member, Role.ADMIN)
    context = _list(request, member, tokens.tokens_of_tenant(member)) | {"everybodys": True}
    return organisation_page(request, member, "tokens", "accounts/tokens.html", **context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@member_required
@sensitive_variables("text")
def new_token(request: HttpRequest, member: Membership) -> HttpResponse:
    """Make a token. Its text stands in this one answer and nowhere else."""
    if not tokens.may_make(member):
        raise PermissionDenied(_("Only members make tokens."))
    form = TokenForm(member, request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            token, text = tokens.make(
                member,
                name=given["name"],
                scopes=given["scopes"],
                site_ids=[site.pk for site in given["sites"]] or None,
                expires_at=given["expires_at"],
            )
        except tokens.TooManyTokens:
            form.add_error(None, _("You have very many tokens: revoke those you do not need."))
        else:
            made = {"token": token, "text": text, "example": example(token, text)}
            return account_page(request, "tokens", "accounts/token_made.html", **made)
    return account_page(request, "tokens", "accounts/token_form.html", form=form)


def example(token: ApiToken, text: str) -> str:
    """A command that tries a new token: what it may do decides which."""
    head = f'curl -H "Authorization: Bearer {text}"'
    if "read" in token.scopes:
        return f"{head} {settings.BASE_URL}/api/v1/sites"
    if "ingest" in token.scopes:
        body = """'{"site": "SITE_KEY", "name": "page_view", "path": "/"}'"""
        return (
            f'{head} -H "Content-Type: application/json" \\\n  -d {body} '
            f"{settings.BASE_URL}/api/v1/track"
        )
    if "export" in token.scopes:
        return f'{head} "{settings.BASE_URL}/api/v1/export?format=csv&days=7" -o events.csv'
    return (
        f'{head} -H "Content-Type: application/json" \\\n  -d \'{{"name": "Blog"}}\' '
        f"{settings.BASE_URL}/api/v1/sites"
    )


def _revoke(request: HttpRequest, member: Membership, found: QuerySet[ApiToken], pk: int) -> None:
    token = found.filter(pk=pk).first()
    if token is None:
        raise Http404
    tokens.revoke(token, member.user)
    messages.success(request, _("“%(name)s” opens nothing any more.") % {"name": token.name})


@require_POST
@member_required
def revoke_own(request: HttpRequest, member: Membership, pk: int) -> HttpResponse:
    """End one of one's own tokens."""
    _revoke(request, member, tokens.tokens_of(member), pk)
    return redirect("tokens")


@require_POST
@member_required
def revoke_any(request: HttpRequest, member: Membership, pk: int) -> HttpResponse:
    """End a token of the organisation; admins may."""
    role_or_403(member, Role.ADMIN)
    _revoke(request, member, tokens.tokens_of_tenant(member), pk)
    return redirect("all_tokens")
