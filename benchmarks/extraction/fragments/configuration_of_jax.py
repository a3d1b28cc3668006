# trap: a setting of a library is made by a method of its config
# needs: jax
# %% keep
import jax
import jax.numpy as jnp
# %% keep
jax.config.update("jax_enable_x64", True)
# %% drop
print(jnp.ones(2))
# %% train tags=train
result = str(jnp.ones(2).dtype)
