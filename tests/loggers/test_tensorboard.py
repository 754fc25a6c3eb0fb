"""TensorBoard: the address that opens on validation."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlparse

from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from asym_lit.loggers.tensorboard import TensorBoardAdapter


def test_the_address_pins_the_first_and_the_last_budget_of_each_set_before_the_cards_of_training(tmp_path):
    """The names of the parameter and of its fields are those that TensorBoard's own page reads."""
    logged = TensorBoardAdapter(TensorBoardLogger(str(tmp_path), "run", version=0))
    logged.write_layout({"sums": [1, 2, 4], "hard": [1]})
    address = urlparse(dict(logged.views)["Opened on"])
    cards = json.loads(parse_qs(address.query)["pinnedCards"][0])
    assert address.fragment == "timeseries"
    assert {card["plugin"] for card in cards} == {"scalars"}
    tags = ["val/sums/pass@1", "val/sums/pass@4", "val/hard/pass@1", "train/pass@1", "policy/entropy"]
    assert [card["tag"] for card in cards] == tags


def test_settings_are_a_text_and_a_table_of_rows_is_one_too(tmp_path):
    logged = TensorBoardAdapter(TensorBoardLogger(str(tmp_path), "run", version=0))
    logged.write_settings({"model": {"objective": {"alpha": 0.01}}}, 0)
    logged.write_table("rollouts", [{"prompt": "1+1=", "reward": None, "advantage": 0.5}], 3)
    logged.logger.save()
    found = EventAccumulator(str(tmp_path / "run" / "version_0"))
    found.Reload()
    (settings,), (table,) = found.Tensors("config/text_summary"), found.Tensors("rollouts/text_summary")
    assert b"alpha: 0.01" in settings.tensor_proto.string_val[0]
    assert table.step == 3 and b"| `1+1=` |  | +0.500 |" in table.tensor_proto.string_val[0]


def test_hyperparameters_are_named_as_on_the_command_line_and_stand_beside_what_is_measured(tmp_path):
    logged = TensorBoardAdapter(TensorBoardLogger(str(tmp_path), "run", version=0, default_hp_metric=False))
    objective = {"class_path": "asym_lit.objectives.simko", "init_args": {"alpha": 0.01, "scope": None}}
    model = {"class_path": "asym_lit.lit.PolicyModule", "init_args": {"objective": objective, "betas": [0.9, 0.95]}}
    settings = {"seed_everything": 3, "model": model, "trainer": {"devices": 1}}
    logged.write_settings(settings, 0)
    logged.write_layout({"sums": [1, 4]})
    logged.logger.save()
    found = EventAccumulator(str(tmp_path / "run" / "version_0"))
    found.Reload()
    content = {tag: HParamsPluginData.FromString(text) for tag, text in found.PluginTagToContent("hparams").items()}
    row = dict(content["_hparams_/session_start_info"].session_start_info.hparams)
    assert set(row) == {"seed_everything", "model", "model.objective", "model.objective.alpha", "model.betas"}
    assert row["model.objective.alpha"].number_value == 0.01 and row["seed_everything"].number_value == 3
    assert row["model.objective"].string_value == "asym_lit.objectives.simko"
    measured = [one.name.tag for one in content["_hparams_/experiment"].experiment.metric_infos]
    assert measured == ["val/sums/pass@1", "val/sums/pass@4"]
