"""API tokens: made by a person for a tenant, for programs."""
