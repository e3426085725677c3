"""How bodies of the API are read."""

from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """JSON; what is nested too deeply to be read is no JSON for us."""

    def parse(self, stream: IO[Any], *args: Any, **options: Any) -> Any:
        try:
            return super().parse(stream, *args, **options)
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
