import numpy as np

from asym_lit.evaluation.bands import Band


def test_gain_loss_and_where_the_loss_may_begin_are_read_off_the_bounds():
    low = np.array([0.1, 0.0, -0.1, -0.1, 0.01, -0.2, -0.3, -0.3])
    high = np.array([0.3, 0.2, 0.1, 0.1, 0.2, 0.1, -0.1, -0.1])
    band = Band((low + high) / 2, low, high, 0.95, 2.5)
    assert (band.gain, band.loss) == ([1, 5], [7, 8])
    assert band.first_loss == [3, 4, 6, 7]  # not 5, which gains, nor 8, for 7 has lost by then
    never = Band(low[:6], low[:6], high[:6], 0.95, 2.5)
    assert (never.loss, never.first_loss) == ([], [3, 4, 6])


def test_what_only_rounding_moves_is_neither_gain_nor_loss():
    mean = np.array([1e-17, -1e-17, 1e-9])
    band = Band(mean, mean, mean, 0.95, 2.5)
    assert (band.gain, band.loss, band.first_loss) == ([3], [], [])
