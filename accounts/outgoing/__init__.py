"""The ground floor of everything that leaves: mails and webhooks as rows, and the way out."""
