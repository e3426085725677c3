"""The pages of accounts that are not allauth's."""

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.forms import FirstRunForm
from accounts.tenants import onboarding


def first_run(request: HttpRequest) -> HttpResponse:
    """On an empty installation: the first organisation, its owner, and its first site."""
    if not onboarding.is_empty_installation():
        return redirect("home")
    form = FirstRunForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            site = onboarding.found_installation(
                email=given["email"],
                password=given["password"],
                person=given["name"],
                organisation=given["organisation"],
                site_name=given["site_name"],
                domain=given["domain"],
                time_zone=given["time_zone"],
            )
        except onboarding.AlreadyFounded:
            return redirect("home")
        assert site.owner is not None
        login(request, site.owner, backend="allauth.account.auth_backends.AuthenticationBackend")
        return redirect("overview", key=site.key)
    return render(request, "accounts/first_run.html", {"form": form})
