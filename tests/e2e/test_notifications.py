"""A workflow whose step has the secret with addresses: the action brings what tells, and tells."""

from __future__ import annotations

from tests.e2e.stories import NOTEBOOK, PULL_REQUEST
from tests.rig.act.act_rig import ActRig
from tests.small import EPOCHS, growth
from tests.test_notify import TOKEN, Listener, listener

__all__ = ["listener"]

WORKFLOW = PULL_REQUEST + "        env: {ALEKSEYLEARN_NOTIFY: '${{ secrets.ALEKSEYLEARN_NOTIFY }}'}\n"


def test_whoever_is_named_by_the_secret_is_told_and_nobody_reads_where(act_rig: ActRig, listener: Listener) -> None:
    consumer = act_rig.consumer({NOTEBOOK: growth()}, workflow=WORKFLOW, full_name="octo/told")
    act_rig.secrets["ALEKSEYLEARN_NOTIFY"] = listener.address
    pull = consumer.open_pull({NOTEBOOK: growth({EPOCHS: "epochs = 200\nrate = 0.05"})})
    run = act_rig.run_pull(pull)
    assert run.exit_code == 0, run.log
    (message,) = listener.messages
    assert message["title"] == f"✅ Trained {NOTEBOOK}: mse 0.4702, better by 0.4249 than main"
    assert run.outputs("al")["comment-url"] in message["message"]
    assert run.annotations == ()
    assert TOKEN not in run.summary
