"""The form of the page about the mail server."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import MailServer


class MailServerForm(forms.ModelForm):
    """A tenant's mail server; an empty password keeps the one that is there."""

    password = forms.CharField(
        max_length=500,
        required=False,
        strip=False,
        label=_("Password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    class Meta:
        model = MailServer
        fields = ("server", "port", "use_tls", "username", "password", "from_address")
        labels = {"from_address": _("Mail is from"), "use_tls": _("Encrypted (TLS)")}
        help_texts = {
            "server": _("Its name, such as smtp.example.com."),
            "port": _("587 for most servers, 465 where the connection begins encrypted."),
            "from_address": _("An address that this server may send for."),
        }
        widgets = {
            "server": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            "username": forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.sealed_password is not None:
            self.fields["password"].help_text = _("Leave it empty to keep the one that is there.")

    def clean_server(self) -> str:
        server: str = self.cleaned_data["server"].strip().lower()
        return server

    def _post_clean(self) -> None:
        """The row is changed by `mail_servers.configure`, which checks it as well."""
