"""Sites: their settings, their funnel's steps, and what becomes of them."""
