"""Steps of stories about money, time and length; those about things are in `steps`."""

from __future__ import annotations

from asym_lit.tasks.stories.steps import Step

_TOGETHER = (
    "How many minutes does {name} {do} on these {n} days together?",
    "For how many minutes in all does {name} {do} on these {n} days?",
    "Find the number of minutes that {name} {does} on these {n} days together.",
)
MONEY = (
    Step(
        "earn",
        "+",
        ("dollars",),
        ("{He} earns {n_more}.", "{friend} gives {Him} {n_more}.", "Then {He} gets {n_more} for a birthday."),
    ),
    Step(
        "spend",
        "-",
        ("dollars",),
        ("{He} spends {n_all} on a book.", "Then {He} pays {n_all} for a ticket.", "{He} gives {n_all} to {friend}."),
        left=True,
    ),
    Step(
        "buy several",
        "-",
        ("dollars",),
        (
            "{He} buys {k_goods} for {n_dollars} each.",
            "{He} pays for {k_goods} that cost {n_dollars} each.",
            "Then {He} takes {k_goods} at {n_dollars} each and pays for all of them.",
        ),
        times=True,
        left=True,
    ),
    Step(
        "save",
        "+",
        ("dollars",),
        (
            "In each of {k} weeks {He} adds {n_dollars} to {his} money.",
            "For {k} weeks {He} earns {n_dollars} every week.",
            "On {k} days {friend} gives {Him} {n_dollars} a day.",
        ),
        times=True,
    ),
    Step(
        "spend all",
        "/",
        ("dollars",),
        (
            "{name} has no {goods} yet and spends all of {his} money on {goods} at {n_dollars} each.",
            "With all of {His} money {name} buys {goods} for the first time, at {n_dollars} each.",
            "All of {His} money goes on {goods} at {n_dollars} each; before that {name} had no {goods}.",
        ),
        becomes="new goods",
    ),
)
TIME = (
    Step(
        "longer",
        "+",
        ("minutes",),
        (
            "On {next} {He} {does} {n_all} longer than on {day}.",
            "On {day} {He} {does} {n_all} less than on {next}.",
            "On {day} {He} would need {n_more} to match {next}.",
        ),
        moves=True,
    ),
    Step(
        "shorter",
        "-",
        ("minutes",),
        (
            "On {next} {He} {does} {n_all} less than on {day}.",
            "On {day} {He} {does} {n_all} longer than on {next}.",
            "On {next} {He} would need {n_more} to match {day}.",
        ),
        moves=True,
    ),
    Step(
        "times as long",
        "*",
        ("minutes",),
        (
            "On {next} {He} {does} {n} times as long as on {day}.",
            "The time on {next} is {n} times the time on {day}.",
            "For every minute on {day} {He} {does} {n} minutes on {next}.",
        ),
        moves=True,
    ),
    Step(
        "part as long",
        "/",
        ("minutes",),
        (
            "On {next} {He} {does} only {part} as long as on {day}.",
            "On {day} {He} {does} {n} times as long as on {next}.",
            "The time on {next} is {part} of the time on {day}.",
        ),
        moves=True,
        in_words=True,
    ),
    Step(
        "every day",
        "*",
        ("minutes",),
        (
            "On each of {n} days in June {He} {does} as long as on that {day}.",
            "In the holidays there are {n} days on which {He} {does} exactly as long each day as on that {day}.",
            "Later {He} {does} on {n} days in a row, each day for the same time as on that {day}.",
        ),
        questions=_TOGETHER,
    ),
)
LENGTH = (
    Step(
        "longer",
        "+",
        ("metres",),
        (
            "{friend} is {n_all} longer than {name}{is_now}.",
            "{name} is{now} {n_all} shorter than {friend}.",
            "{friend} would have to be {n_all} shorter to be as long as {name}{is_now}.",
        ),
        moves=True,
    ),
    Step(
        "shorter",
        "-",
        ("metres",),
        (
            "{friend} is {n_all} shorter than {name}{is_now}.",
            "{name} is{now} {n_all} longer than {friend}.",
            "{friend} would have to be {n_all} longer to be as long as {name}{is_now}.",
        ),
        moves=True,
    ),
    Step(
        "times as long",
        "*",
        ("metres",),
        (
            "{friend} is {n} times as long as {name}{is_now}.",
            "The length of {friend} is {n} times that of {name}{now}.",
            "For every metre of {name}, {friend} has {n} metres.",
        ),
        moves=True,
    ),
    Step(
        "part as long",
        "/",
        ("metres",),
        (
            "{friend} is only {part} as long as {name}{is_now}.",
            "{name} is{now} {n} times as long as {friend}.",
            "The length of {friend} is {part} of that of {name}{now}.",
        ),
        moves=True,
        in_words=True,
    ),
    Step(
        "cut off",
        "-",
        ("metres",),
        (
            "Then {n_all} {are} cut off {name}.",
            "{name} is made {n_all} shorter.",
            "Somebody cuts {n_all} off {name}.",
        ),
    ),
    Step(
        "pieces",
        "/",
        ("metres",),
        (
            "{name} is cut into {n} equal pieces.",
            "{name} is cut up into {n} pieces of the same length.",
            "Somebody cuts all of {name} into {n} equal pieces.",
        ),
        questions=("How many metres long is each piece?", "What is the length of one piece in metres?"),
    ),
    Step(
        "row",
        "*",
        ("metres",),
        (
            "{n} {objects} just as long as {name}{is_now} are laid end to end.",
            "A line is made of {n} {objects}, each as long as {name}{is_now}, laid end to end.",
            "Somebody lays {n} {objects} end to end, and each is exactly as long as {name}{is_now}.",
        ),
        questions=("How many metres long is the line?", "What is the length of the whole line in metres?"),
    ),
)
