"""Members, teams and invitations."""

from django.urls import path

from accounts.members import invitation_views, team_views, views

urlpatterns = [
    path("organisation/people", views.members, name="people"),
    path("organisation/people/<int:pk>", views.person, name="member"),
    path("organisation/people/<int:pk>/suspend", views.suspend, name="member_suspend"),
    path("organisation/people/<int:pk>/resume", views.resume, name="member_resume"),
    path("organisation/people/<int:pk>/owner", views.hand_over, name="member_hand_over"),
    path("organisation/people/<int:pk>/remove", views.remove, name="member_remove"),
    path("organisation/membership", views.own_membership, name="own_membership"),
    path("organisation/roles", views.roles, name="roles"),
    path("organisation/teams", team_views.team_list, name="teams"),
    path("organisation/teams/<int:pk>", team_views.team, name="team"),
    path("organisation/teams/<int:pk>/add", team_views.add_member, name="team_add"),
    path("organisation/teams/<int:pk>/drop/<int:person>", team_views.drop_member, name="team_drop"),
    path("organisation/teams/<int:pk>/delete", team_views.delete_team, name="team_delete"),
    path("organisation/invitations", invitation_views.sent, name="invitations"),
    path(
        "organisation/invitations/<int:pk>/resend",
        invitation_views.resend,
        name="invitation_resend",
    ),
    path(
        "organisation/invitations/<int:pk>/revoke",
        invitation_views.revoke,
        name="invitation_revoke",
    ),
    path("invitations", invitation_views.waiting, name="waiting_invitations"),
    path("invitations/opened", invitation_views.opened, name="opened_invitation"),
    path("invitations/sign-out", invitation_views.change_person, name="invitation_sign_out"),
    path("invitations/<int:pk>/join", invitation_views.join, name="invitation_join"),
    path("invitations/<str:secret>", invitation_views.invitation, name="invitation"),
]
