# trap: what a shell command prints is kept in a variable
# %% keep
words = !printf 'a\nb\n'
# %% drop
names = !echo shown
# %% drop
!pwd
# %% train tags=train
result = list(words)
