# trap: a shell command takes the value of a variable
# %% keep
count = 3
# %% keep
!seq {count} > counted.txt
# %% drop
shown = 4
# %% train tags=train
result = open("counted.txt").read().split()
