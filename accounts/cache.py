"""A cache that may be away."""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


class OptionalRedisCache(RedisCache):
    """Redis as long as it answers; while it does not, nothing is remembered and nothing fails.

    Whatever must not be lost is a row in PostgreSQL.
    """

    def _or(self, absent: Any, ask: Callable[..., Any], *args: Any, **options: Any) -> Any:
        try:
            return ask(*args, **options)
        except (RedisError, OSError) as error:
            log.warning("cache is away", error=type(error).__name__)
            return absent

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._or(default, super().get, key, default, version)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return self._or({}, super().get_many, keys, version)

    def add(self, *args: Any, **options: Any) -> bool:
        return self._or(True, super().add, *args, **options)

    def set(self, *args: Any, **options: Any) -> None:
        self._or(None, super().set, *args, **options)

    def set_many(self, *args: Any, **options: Any) -> list[Any]:
        return self._or([], super().set_many, *args, **options)

    def touch(self, *args: Any, **options: Any) -> bool:
        return self._or(False, super().touch, *args, **options)

    def delete(self, *args: Any, **options: Any) -> bool:
        return self._or(False, super().delete, *args, **options)

    def delete_many(self, *args: Any, **options: Any) -> None:
        self._or(None, super().delete_many, *args, **options)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        return self._or(delta, super().incr, key, delta, version)
