from tests.pages import page, scope, shipped

__all__ = ["page", "scope", "shipped"]
