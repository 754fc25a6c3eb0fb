#!/usr/bin/env bash
# lightning 2.6.6: MLFlowLogger makes one metric of pass@8 and pass^8, and its own default store is refused by MLflow 3.17.
#
# MLflow allows letters, digits and `_-./: ` in names. The logger drops every other character instead of replacing it, with one warning
# for each name and none that two have become one: `pass@8` (any of 8 right) and `pass^8` (all of 8 right) are both points of `pass8`,
# and a curve of it jumps between the two. Without a tracking_uri it takes a store of files (`file:...`), which MLflow 3.17 no longer
# opens unless an environment variable allows it. What to do: rename before logging, and give `tracking_uri="sqlite:///..."`.
#
# Output seen, lightning 2.6.6, mlflow 3.17.2, Python 3.11:
#   default store: MlflowException
#   metrics: pass8 = [0.2, 0.9]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 lightning==2.6.6 mlflow==3.17.2 2>/dev/null
cat >"$folder/try.py" <<'PY'
import sys
import warnings

from lightning.pytorch.loggers import MLFlowLogger
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

warnings.filterwarnings("ignore")
folder = sys.argv[1]
try:
    MLFlowLogger("a", save_dir=f"{folder}/runs").log_metrics({"loss": 1.0}, step=1)
    default = "opened"
except MlflowException as fault:
    default = type(fault).__name__
print("default store:", default)
store = f"sqlite:///{folder}/store.db"
logger = MLFlowLogger("a", tracking_uri=store)
logger.log_metrics({"pass@8": 0.9, "pass^8": 0.2}, step=1)
client = MlflowClient(store)
names = sorted(client.get_run(logger.run_id).data.metrics)
values = {name: sorted(point.value for point in client.get_metric_history(logger.run_id, name)) for name in names}
print("metrics:", *(f"{name} = {found}" for name, found in values.items()))
assert default == "MlflowException" and values == {"pass8": [0.2, 0.9]}, (default, values)
PY
cd "$folder" && "$folder/venv/bin/python" "$folder/try.py" "$folder" 2>/dev/null
