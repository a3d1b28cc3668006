# trap: how tables are shown is nothing that training feels, other options may be
# needs: pandas numpy
# %% drop
import pandas as pd
pd.set_option("display.max_columns", 50)
# %% drop
import pandas as pd
pd.options.display.max_rows = 9
# %% drop
import numpy as np
np.set_printoptions(precision=3)
# %% keep
import numpy as np
import pandas as pd
# %% keep
df = pd.DataFrame({"a": [1.0, 2.0]})
# %% train tags=train
result = np.sum(df["a"])
