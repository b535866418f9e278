"""What an exception says to a person."""


def in_words(problem: BaseException) -> str:
    """What an exception says, in one line; its kind where the words need it."""
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    words = " ".join(str(problem).split())
    plain = isinstance(problem, ValueError | TypeError | FloatingPointError) and words
    return words if plain else f"{type(problem).__name__}: {words}"
