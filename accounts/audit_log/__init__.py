"""The audit log beyond the writing: its chain, its months, its words, its pages."""
