"""What is wrong with a query, and where."""


class QueryRefused(Exception):
    """Attributes:
    option: such as `$filter`.
    """

    code = "query_malformed"

    def __init__(self, option: str, message: str) -> None:
        super().__init__(f"{option}: {message}")
        self.option = option


class QueryUnsupported(QueryRefused):
    """Graph knows it, and has it elsewhere; not here. Its message is Graph's, without the option in front."""

    code = "query_unsupported"

    def __init__(self, option: str, message: str) -> None:
        Exception.__init__(self, message)
        self.option = option


class FilterRefused(QueryRefused):
    """Attributes:
    position: where in the filter, counted from 0.
    """

    code = "filter_malformed"

    def __init__(self, message: str, position: int) -> None:
        super().__init__("$filter", f"{message} at position {position}")
        self.position = position
