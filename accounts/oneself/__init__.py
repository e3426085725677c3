"""What a person decides about their own account."""
