"""A provider of OpenID Connect of our own: strict, small, and only for trying sign-in."""
