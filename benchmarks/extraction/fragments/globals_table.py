# trap: variables are set through the table of globals
# %% keep
for number in range(3):
    globals()[f"weight_{number}"] = number * 10
# %% drop
print("no need")
# %% train tags=train
result = weight_0 + weight_1 + weight_2
