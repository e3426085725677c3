"""What LinkPro costs, measured: `make bench`, or `python -m bench ingest` for one part of it."""
