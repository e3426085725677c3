"""What people are told by mail of what becomes of a site."""

from __future__ import annotations

from accounts import dates
from accounts.models import Membership, Site, SiteTransfer, User
from accounts.outgoing import notices, outbox
from accounts.outgoing.letters import compose
from accounts.roles import Role

OFFERED, DELETION = "site_offered", "site_deletion"


def tell_of_offer(offer: SiteTransfer, giver: User) -> None:
    """Mail the address that a site is offered to; of one with an account its person may say no.

    By the installation's server: the list of what was sent for a tenant would tell its admins
    which addresses have an account here.
    """
    site = offer.site
    told = {"offer": offer, "site": site, "giver": giver.get_full_name(), "of": site.tenant}
    template = "accounts/email/site_offer"
    if person := User.objects.filter(email=offer.email, is_active=True).first():
        notices.notify(person, OFFERED, template, told, by=None)
        return
    with dates.read_by(None):
        letter = compose(template, told)
    outbox.add_mail(
        OFFERED, offer.email, letter.subject, letter.text, tenant=None, html=letter.html
    )


def tell_of_deletion(site: Site, actor: User) -> None:
    """Mail the site's owner and those of the organisation, save who did it, when it goes."""
    members = Membership.objects.for_tenant(site.tenant_id).filter(
        suspended_at=None, user__is_active=True
    )
    told = {"site": site, "tenant": site.tenant, "actor": actor.get_full_name()}
    for member in members.exclude(user=actor).select_related("user"):
        if member.role == Role.OWNER or member.user_id == site.owner_id:
            notices.notify(
                member.user, DELETION, "accounts/email/site_deletion", told, by=site.tenant
            )
