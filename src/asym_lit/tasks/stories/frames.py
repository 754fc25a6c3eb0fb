"""How a story begins, what is told beside it, and what is asked. Its steps are in `steps` and `measures`."""

from __future__ import annotations

STARTS = {
    "minutes": (
        "On Monday {name} {does} for {n_all}.",
        "{name} {does} for {n_all} on Monday.",
        "Monday: {name} {does} for {n_all}.",
    ),
    "metres": ("{name} is {n_all} long.", "The length of {name} is {n_all}.", "In a workshop {name} is {n_all} long."),
}
COUNTED_STARTS = ("{name} has {n_all}.", "At first {name} has {n_all}.", "{name} begins with {n_all}.")
QUESTIONS = {
    "minutes": (
        "How many minutes does {name} {do} on {day}?",
        "For how many minutes does {name} {do} on {day}?",
        "Find the number of minutes that {name} {does} on {day}.",
    ),
    "metres": (
        "How many metres long is {name}{now}?",
        "What is the length of {name}{now} in metres?",
        "Find the length of {name}{now} in metres.",
    ),
}
NOW = (
    "How many {all} does {name} have now?",
    "How many {all} does {name} have in the end?",
    "Find the number of {all} that {name} has now.",
)
STILL = (
    "How many {all} does {name} have?",
    "What is the number of {all} that {name} has?",
    "Find out how many {all} {name} has.",
)
LEFT = ("How many {all} does {name} have left?",)
ASIDES = (
    "{name} is {n} years old.",
    "{friend} has {n_goods}.",
    "There are {n_goods} on the table.",
    "{name} lives in a house with {n} windows.",
)
ASIDES_OF_THINGS = ("{n} people are watching.", "There are {n_goods} on the table.", "The shop has been open for {n} years.")
