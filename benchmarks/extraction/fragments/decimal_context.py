# trap: a setting is changed on what a function of a module hands out
# %% keep
import decimal
# %% keep
decimal.getcontext().prec = 4
# %% drop
print(decimal.Decimal(1) / 7)
# %% train tags=train
result = str(decimal.Decimal(1) / 3)
