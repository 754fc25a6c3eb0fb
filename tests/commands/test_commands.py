import pytest

from asym_lit.commands import COMMANDS, own_command


@pytest.mark.parametrize("name", COMMANDS)
def test_every_sub_command_is_where_it_is_said_to_be(name):
    assert callable(own_command([name]))


def test_other_words_are_left_to_lightning():
    assert own_command(["fit", "--config", "x"]) is None
    assert own_command([]) is None
