"""The pages where link pages are made; they stand before the pages of sites in general."""

from django.urls import path, re_path

from tracking import editor

_LINKS = "sites/<str:key>/links"

urlpatterns = [
    path("profiles/new", editor.profile_new, name="profile_new"),
    path(_LINKS, editor.profile_edit, name="profile_edit"),
    path(f"{_LINKS}/preview", editor.profile_preview, name="profile_preview"),
    path(f"{_LINKS}/picture", editor.profile_picture, name="profile_picture"),
    re_path(
        r"^sites/(?P<key>[^/]+)/links/code\.(?P<kind>svg|png)$",
        editor.profile_code,
        name="profile_code",
    ),
    path(f"{_LINKS}/add", editor.link_add, name="link_add"),
    path(f"{_LINKS}/<int:pk>/change", editor.link_change, name="link_change"),
    path(f"{_LINKS}/<int:pk>/activate", editor.link_activate, name="link_activate"),
    path(f"{_LINKS}/<int:pk>/move", editor.link_move, name="link_move"),
    path(f"{_LINKS}/<int:pk>/delete", editor.link_delete, name="link_delete"),
    path(f"{_LINKS}/<int:pk>/restore", editor.link_restore, name="link_restore"),
]
