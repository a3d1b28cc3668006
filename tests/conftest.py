pytest_plugins = ["tests.rig.act.fixture"]
