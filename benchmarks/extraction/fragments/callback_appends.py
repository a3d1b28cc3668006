# trap: a function handed over is called later by somebody else
# %% keep
history = []
class Trainer:
    def __init__(self, callbacks):
        self.callbacks = callbacks
    def go(self):
        for epoch in range(2):
            for callback in self.callbacks:
                callback(epoch)
# %% keep
trainer = Trainer([lambda epoch: history.append(epoch * 10)])
# %% keep
trainer.go()
# %% drop
quiet = Trainer([print])
quiet.go()
# %% train tags=train
result = list(history)
