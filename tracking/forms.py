"""Forms of the pages where profiles and links are made."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import zone_field
from tracking import avatars
from tracking.models import Link, LinkProfile

MAX_BIO = 300


def _text(**options: str) -> forms.TextInput:
    """A line in which nothing is corrected, since a machine will read it."""
    plain = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}
    return forms.TextInput(attrs=plain | options)


class ProfileForm(forms.Form):
    """What a profile's page shows. Rules of names are those of `tracking.profiles`."""

    title = forms.CharField(max_length=80, label=_("Title"), help_text=_("Your name or brand."))
    username = forms.CharField(
        max_length=60,
        label=_("Username"),
        widget=_text(),
        help_text=_("a-z, 0-9, dots, - and _. Old names stop working."),
    )
    bio = forms.CharField(
        max_length=MAX_BIO,
        required=False,
        label=_("Bio"),
        widget=forms.Textarea(attrs={"rows": 3, "data-counter": "bio-counter"}),
    )
    picture = forms.FileField(
        required=False,
        label=_("Picture"),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif"}),
        help_text=_("JPEG, PNG, WebP or GIF, at most 5 MB; it is cut to a square."),
    )
    remove_picture = forms.BooleanField(required=False, label=_("Remove the picture"))
    theme = forms.ChoiceField(choices=LinkProfile.Theme, label=_("Theme"), widget=forms.RadioSelect)
    is_published = forms.BooleanField(
        required=False,
        label=_("Published"),
        help_text=_("Everybody who has the address can see the page."),
    )

    @classmethod
    def of(cls, profile: LinkProfile) -> ProfileForm:
        """The form with what the profile has now."""
        names = ("title", "username", "bio", "theme", "is_published")
        return cls(initial={name: getattr(profile, name) for name in names})

    def clean_picture(self) -> bytes | None:
        upload = self.cleaned_data["picture"]
        return avatars.square(upload) if upload else None

    def values(self) -> dict[str, Any]:
        """The columns of the profile, without its picture."""
        apart = ("picture", "remove_picture")
        return {name: value for name, value in self.cleaned_data.items() if name not in apart}


class NewProfileForm(forms.Form):
    """The little that a page needs to begin with."""

    title = forms.CharField(
        max_length=80,
        label=_("Title"),
        widget=forms.TextInput(attrs={"autofocus": True, "data-names": "id_username"}),
        help_text=_("Your name or brand; it can be changed later."),
    )
    username = forms.CharField(
        max_length=60,
        label=_("Username"),
        widget=_text(),
        help_text=_("a-z, 0-9, dots, - and _. It is the end of the page's address."),
    )
    time_zone = zone_field(help_text=_("The clock by which the page's days begin and end."))


class LinkForm(forms.Form):
    """A link: what it says, where it leads, and its short name."""

    title = forms.CharField(max_length=100, label=_("Title"), widget=forms.TextInput())
    url = forms.CharField(
        max_length=4_000,
        label=_("URL"),
        widget=_text(inputmode="url"),
        help_text=_("A web address, mailto: or tel:."),
    )
    slug = forms.CharField(
        max_length=40,
        required=False,
        label=_("Short name"),
        widget=_text(),
        help_text=_("The link is also at /l/ and this name. Old names stop working."),
    )

    @classmethod
    def of(cls, link: Link, data: Any = None) -> LinkForm:
        """The form of one link among others on the page, bound where it was sent."""
        names = ("title", "url", "slug")
        initial = {name: getattr(link, name) for name in names}
        return cls(data, initial=initial, prefix=f"link{link.pk}")


class NewLinkForm(LinkForm):
    """A link that is not there yet."""

    first = forms.BooleanField(required=False, label=_("Put it first"))
    prefix = "new"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["title"].widget.attrs["placeholder"] = _("Spring collection")
        self.fields["url"].widget.attrs["placeholder"] = "example.com/spring"
        made = _("The link is also at /l/ and this name. Empty: one is made.")
        self.fields["slug"].help_text = made
