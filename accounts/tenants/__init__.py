"""The tenant itself: how it begins, its settings, its looks, and its end."""
