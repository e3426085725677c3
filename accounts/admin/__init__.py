"""Accounts for the installation's staff."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin import (
    audit,
    members,
    outgoing,
    people,
    sign_ins,
    sites,
    tenants,
    tokens,
    webhooks,
)
from accounts.admin.base import ReadOnlyAdmin, TenantAdmin

__all__ = [
    "ReadOnlyAdmin",
    "TenantAdmin",
    "audit",
    "members",
    "outgoing",
    "people",
    "sign_ins",
    "sites",
    "tenants",
    "tokens",
    "webhooks",
]

admin.site.unregister(EmailAddress)  # people sign in with the address of their user
admin.site.unregister(Group)  # rights come from roles in a tenant, not from groups
