"""The program in a response."""

from __future__ import annotations

from time import perf_counter

import pytest

from asym_lit.verifiers.code.extraction import program_in


@pytest.mark.parametrize(
    ("response", "program"),
    [
        ("```python\nprint(1)\n```", "print(1)\n"),
        ("First:\n```python\nprint(1)\n```\nBetter:\n```py\nprint(2)\n```\nDone.", "print(2)\n"),
        ("```\nprint(1)\n```", "print(1)\n"),
        ("```Python\nprint(1)\n```", "print(1)\n"),
        ("~~~python\nprint(1)\n~~~", "print(1)\n"),
        ("```python\nprint(1)\n```\nIt prints:\n```text\n1\n```", "print(1)\n"),
        ("<think>\n```python\nprint(1)\n```\n</think>\n```python\nprint(2)\n```", "print(2)\n"),
        ("thoughts\n```python\nprint(1)\n```\n</think>\nSo:\n```python\nprint(2)\n```", "print(2)\n"),
        ("1. As follows:\n   ```python\n   if 1:\n       print(1)\n   ```\n", "if 1:\n    print(1)\n"),
        ("Here it is: ```python\nprint(1)\n```", "print(1)\n"),
        ("```python\nprint(1)```", "print(1)\n"),
        ("```python\nprint(1)\n```\n```python\nprint(2", "print(2\n"),  # cut off: no earlier draft counts
        (
            '```python\ndef f():\n    """\n    ```python\n    f()\n    ```\n    """\n```',
            'def f():\n    """\n    ```python\n    f()\n    ```\n    """\n',
        ),
        ('```python\ndef f():\n    """\n    As ```f()```\n    """\n```', 'def f():\n    """\n    As ```f()```\n    """\n'),
        ("- so:\n\n    ```python\n    x = 1\n    ```\n", "x = 1\n"),
        ("   So: ```python\n   x = 1\n   ```\n", "x = 1\n"),
        ("```python\nprint(1\n\nNo:\n```python\nprint(2)\n```", "print(2)\n"),  # the first was never closed
        ("```python\n\ufeffprint(1)\n```", "print(1)\n"),
        ("```python\r\nprint(1)\r\n```\r\n", "print(1)\r\n"),
        ("````python\nx = '''\n```\n'''\n````", "x = '''\n```\n'''\n"),
    ],
)
def test_the_last_block_of_python_behind_the_thoughts_is_the_program(response, program):
    assert program_in(response) == program


@pytest.mark.parametrize(
    "response",
    [
        "print(1)",
        "",
        "<think>\n```python\nprint(1)\n```",
        "```python\nprint(1)\n```\n</think>\nI do not know.",
        "```cpp\nint main() {}\n```",
        "a `print(1)` in the text",
    ],
)
def test_without_a_block_there_is_no_program(response):
    assert program_in(response) is None


def test_a_bare_response_is_a_program_if_it_has_no_block():
    assert program_in("    return 1\n", bare=True) == "    return 1"
    assert program_in("```cpp\nint main() {}\n```", bare=True) is None
    assert program_in("<think>hm</think>print(1)", bare=True) == "print(1)"


@pytest.mark.parametrize("piece", ["```python\nx\n", "``` ", "<think>", "`", "~~~\n"])
def test_ten_megabytes_are_read_in_a_moment(piece):
    begun = perf_counter()
    program_in(piece * (10_000_000 // len(piece)))
    assert perf_counter() - begun < 20  # half a second; some kinds of reading would take hours
