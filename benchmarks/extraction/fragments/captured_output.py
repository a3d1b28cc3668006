# trap: %%capture runs its cell, and its name holds what was printed
# %% keep
%%capture printed
value = 4
print("value is", value)
# %% drop
%%capture
print("nothing")
# %% keep
text = printed.stdout
# %% train tags=train
result = (value, text)
