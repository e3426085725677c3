"""The people of a tenant: who they are, how they come, in which teams they work, how they go."""
