"""Bad input, case by case: every one has a number, an expectation, and is read back."""
