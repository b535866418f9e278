"""What an exception says to a person."""


def in_words(problem: BaseException) -> str:
    """What an exception says, in one line; its kind where the words need it."""
    if isinstance(problem, OSError) and problem.strerror:
        return problem.strerror
    words = " ".join(str(problem).split())
    plain = isinstance(problem, ValueError | TypeError | FloatingPointError) and words
    return words if plain else f"{type(problem).__name__}: {words}"


def no_number(loss_nats: float, step: int, smaller: float) -> str:
    """What to do about a loss that is no finite number, at a step from 1.

    smaller: the learning rate to try.
    """
    if step == 1:
        return (
            f"the loss is {loss_nats} at step 1, before a step changed a weight: what the model "
            "computes for these images is no finite number; look at its layers"
        )
    return (
        f"the loss became {loss_nats} at step {step}; go back to an earlier step, and take a "
        f"smaller learning rate, such as {smaller:.1g}"
    )
