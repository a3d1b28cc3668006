# trap: a function runs in a thread that is started elsewhere
# %% keep
import threading

found = []
def work():
    found.append(3)
# %% keep
thread = threading.Thread(target=work)
# %% keep
thread.start()
thread.join()
# %% drop
other = threading.Lock()
# %% train tags=train
result = found
