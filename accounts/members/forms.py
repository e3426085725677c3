"""Forms about the people of an organisation."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.members import people
from accounts.members.people import Rights
from accounts.models import Membership, Team, Tenant
from accounts.roles import LEVELS, MEMBER_LEVELS, AccessLevel, Role

# Addresses that one form takes.
MOST_ADDRESSES = 50


class RightsForm(forms.Form):
    """Role, level and team of a member, or of those who are invited."""

    role = forms.ChoiceField(choices=Role, initial=Role.VIEWER, label=gettext_lazy("Role"))
    level = forms.ChoiceField(
        choices=[(level.value, level.label) for level in MEMBER_LEVELS],
        initial=AccessLevel.ORGANIZATION,
        label=gettext_lazy("Access level"),
    )
    team = forms.ModelChoiceField(
        queryset=Team.plain.none(), required=False, label=gettext_lazy("Team")
    )

    def __init__(self, *args: Any, tenant: Tenant, **options: Any) -> None:
        super().__init__(*args, **options)
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)
        team.queryset = Team.objects.for_tenant(tenant)
        team.empty_label = _("No team")
        told = format_html('<a href="{}">{}</a>', reverse("roles"), _("What the roles mean"))
        self.fields["role"].help_text = told
        lines = [f"{level.label}: {LEVELS[level]}" for level in MEMBER_LEVELS]
        self.fields["level"].help_text = " ".join(lines)

    @property
    def rights(self) -> Rights:
        """What was chosen, once the form is valid."""
        given = self.cleaned_data
        return Rights(given["role"], given["level"], given["team"])

    @staticmethod
    def initial_of(member: Membership) -> dict[str, Any]:
        """What the form shows of a member."""
        return {"role": member.role, "level": member.level, "team": member.team_id}


class InviteForm(RightsForm):
    """Some addresses, and what they are to have."""

    field_order = ("addresses", "role", "level", "team")
    addresses = forms.CharField(
        max_length=20_000,
        label=gettext_lazy("E-mail addresses"),
        widget=forms.Textarea(
            attrs={
                "rows": 3,
                "spellcheck": "false",
                "autocapitalize": "none",
                "autocomplete": "off",
            }
        ),
        help_text=gettext_lazy("One a line, or parted by commas. Each gets a mail with a link."),
    )

    def clean_addresses(self) -> list[str]:
        """The addresses; whether each may be invited is asked by `invitations.invite`."""
        found = [part for part in re.split(r"[\s,;]+", self.cleaned_data["addresses"]) if part]
        if not found:
            raise forms.ValidationError(_("Write at least one address."), code="required")
        if len(found) > MOST_ADDRESSES:
            told = ngettext(
                "At most %(most)d address at a time, please.",
                "At most %(most)d addresses at a time, please.",
                MOST_ADDRESSES,
            )
            raise forms.ValidationError(told % {"most": MOST_ADDRESSES}, code="too_many")
        return found


class HeirForm(forms.Form):
    """Who gets what somebody leaves behind, if it is anything, and a tick that it is meant."""

    heir = forms.ModelChoiceField(
        queryset=Membership.plain.none(), label=gettext_lazy("What they own goes to")
    )
    sure = forms.BooleanField(label=gettext_lazy("Yes, I am sure"))

    def __init__(
        self,
        *args: Any,
        leaving: Membership,
        owns: bool,
        usual: Membership | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        if not owns:
            del self.fields["heir"]
            return
        able = people.heirs(leaving)
        heir = self.fields["heir"]
        assert isinstance(heir, forms.ModelChoiceField)
        heir.queryset = Membership.objects.for_tenant(leaving.tenant_id).filter(
            pk__in=[row.pk for row in able]
        )
        heir.choices = [(row.pk, row.user.told_apart()) for row in able]
        heir.initial = usual or (able[0] if able else None)

    def ask_of_oneself(self) -> None:
        """Ask the one who leaves, not one who removes somebody."""
        if "heir" in self.fields:
            self.fields["heir"].label = _("What you own goes to")


class HandOverForm(forms.Form):
    """Whether somebody who makes another member an owner stays one."""

    step_down = forms.TypedChoiceField(
        choices=[
            ("no", gettext_lazy("We are both owners")),
            ("yes", gettext_lazy("I become an admin")),
        ],
        coerce=lambda text: text == "yes",
        initial="no",
        widget=forms.RadioSelect,
        label=gettext_lazy("And you?"),
    )


class TeamForm(forms.Form):
    """What a team is called."""

    name = forms.CharField(max_length=200, label=gettext_lazy("Name"))


class TeamMemberForm(forms.Form):
    """Somebody who is to be in a team; whoever is in another one leaves it."""

    member = forms.ModelChoiceField(queryset=Membership.plain.none(), label=gettext_lazy("Member"))

    def __init__(self, *args: Any, team: Team, **options: Any) -> None:
        super().__init__(*args, **options)
        rows = Membership.objects.for_tenant(team.tenant_id).exclude(team=team)
        others = rows.select_related("user", "team").order_by("user__name", "user__email")
        field = self.fields["member"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = others
        field.empty_label = _("Choose somebody")
        field.label_from_instance = _with_team  # type: ignore[method-assign, assignment]


def _with_team(member: Membership) -> str:
    told = member.user.told_apart()
    return f"{told}, {member.team.name}" if member.team else told
