"""A tenant's mail server, and what was sent."""

from django.urls import path

from accounts.outgoing import mail_views, mail_viewsets, outbox_views

MAIL, OUTBOX = "organisation/mail", "organisation/outbox"
ONE = f"{OUTBOX}/<uuid:pk>"

urlpatterns = [
    path(MAIL, mail_views.mail_server, name="mail_server"),
    path(f"{MAIL}/test", mail_views.send_mail_test, name="send_mail_test"),
    path(f"{MAIL}/test/state", mail_views.mail_test_state, name="mail_test_state"),
    path(f"{MAIL}/remove", mail_views.remove_mail_server, name="remove_mail_server"),
    path(OUTBOX, outbox_views.outbox, name="outbox"),
    path(ONE, outbox_views.outbox_message, name="outbox_message"),
    path(f"{ONE}/cancel", outbox_views.cancel, name="cancel_message"),
    path(f"{ONE}/send-again", outbox_views.send_again, name="send_message_again"),
    path("api/v1/mail-server", mail_viewsets.MailServerView.as_view()),
    path("api/v1/mail-server/test", mail_viewsets.MailTestView.as_view()),
    # The same where the documented contract has it.
    path("analytics/email/config", mail_viewsets.MailServerView.as_view()),
    path("analytics/email/test", mail_viewsets.MailTestView.as_view()),
]
