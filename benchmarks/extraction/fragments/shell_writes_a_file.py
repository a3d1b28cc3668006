# trap: a shell command writes the file that training reads
# %% keep
!printf '1\n2\n' > numbers.txt
# %% drop
!ls
# %% drop
%pip list
# %% train tags=train
result = [int(line) for line in open("numbers.txt")]
