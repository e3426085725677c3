"""LinkPro's settings with the addresses of `bench.probe` beside its own."""

from linkpro.settings import *  # noqa: F403

ROOT_URLCONF = "bench.probe"
