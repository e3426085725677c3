"""How lists are cut into pages."""

from rest_framework import pagination


class Pages(pagination.PageNumberPagination):
    """`?page=` and `?page_size=` (at most 500), with the count of all."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "page_size"
