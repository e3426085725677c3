"""Members, teams and invitations."""

from django.urls import path

from accounts import invitation_views, people_views, team_views

urlpatterns = [
    path("organisation/people", people_views.members, name="people"),
    path("organisation/people/<int:pk>", people_views.person, name="member"),
    path("organisation/people/<int:pk>/suspend", people_views.suspend, name="member_suspend"),
    path("organisation/people/<int:pk>/resume", people_views.resume, name="member_resume"),
    path("organisation/people/<int:pk>/owner", people_views.hand_over, name="member_hand_over"),
    path("organisation/people/<int:pk>/remove", people_views.remove, name="member_remove"),
    path("organisation/membership", people_views.own_membership, name="own_membership"),
    path("organisation/roles", people_views.roles, name="roles"),
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
