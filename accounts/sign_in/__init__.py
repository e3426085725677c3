"""How somebody signs in, on pages and for programs, and who may sign up."""
