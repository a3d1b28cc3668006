# trap: a dataclass makes its __init__ itself
# %% keep
from dataclasses import dataclass, field

DEFAULTS = {"depth": 3}

@dataclass
class Config:
    rate: float = 0.1
    layers: list = field(default_factory=lambda: [DEFAULTS["depth"]])
# %% keep
DEFAULTS["depth"] = 5
# %% keep
config = Config(rate=0.2)
# %% keep
config.layers.append(1)
# %% drop
Config(rate=0.3).layers.append(9)
# %% train tags=train
result = (config.rate, config.layers)
