# manner: lab engineer who tries Keras one API after another, Keras 3 on TensorFlow
# needs: keras tensorflow-cpu numpy pandas matplotlib scikit-learn
# seconds: 11
# %% [markdown]
# # Gas sensor array - which gas is it?
# Eight metal-oxide channels, four gases. Data come from our simulator (the bench rig is down until Thursday).
# Goal: see whether a small net beats the lookup table.
# %% count=1
# !pip install keras tensorflow
import os
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import tensorflow as tf
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from keras import layers
%matplotlib inline
print(keras.__version__, keras.backend.backend())
# %% count=2
keras.utils.set_random_seed(7)

GASES = ["air", "ethanol", "ammonia", "toluene"]
N_CH = 8
N = 900
EPOCHS = 6
BATCH = 64
# %% [markdown]
# ## Simulator
# %% count=3
def simulate(n, drift=0.0, seed=0):
    r = np.random.default_rng(seed)
    gain = np.array([[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1],
                     [1.3, 0.9, 0.2, 0.3, 0.8, 1.1, 0.1, 0.4],
                     [0.2, 0.3, 1.4, 1.0, 0.3, 0.1, 0.9, 0.6],
                     [0.7, 0.4, 0.5, 0.2, 1.5, 0.3, 0.8, 1.2]])
    gas = r.integers(0, len(GASES), n)
    ppm = r.gamma(3.0, 0.6, n)
    x = gain[gas] * ppm[:, None] ** 0.7
    x = x * (1 + drift) + r.normal(0, 0.25, x.shape)
    return x.astype("float32"), gas.astype("int64"), ppm.astype("float32")

X, y, ppm = simulate(N)
X.shape, y[:10]
# %% count=4
df = pd.DataFrame(X, columns=[f"ch{i}" for i in range(N_CH)])
df["gas"] = [GASES[i] for i in y]
df.groupby("gas").mean().round(2)
# %% count=5
df.iloc[:, :N_CH].plot.box(figsize=(8, 3), title="raw channels")
plt.show()
# %% count=6
n_tr = int(0.8 * N)
X_tr, X_va = X[:n_tr], X[n_tr:]
y_tr, y_va = y[:n_tr], y[n_tr:]
ppm_tr, ppm_va = ppm[:n_tr], ppm[n_tr:]

norm = layers.Normalization()
norm.adapt(X_tr)
norm.mean
# %% [markdown]
# ## 1. Sequential
# %% count=7
seq = keras.Sequential([
    layers.Input((N_CH,)),
    norm,
    layers.Dense(24, activation="relu"),
    layers.Dropout(0.1),
    layers.Dense(len(GASES), activation="softmax"),
])
seq.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
seq.summary()
# %% train count=8
h = seq.fit(X_tr, y_tr, validation_data=(X_va, y_va), epochs=EPOCHS, batch_size=BATCH, verbose=0)
# %% count=9
pd.DataFrame(h.history)[["loss", "val_loss"]].plot(marker=".")
plt.xlabel("epoch"); plt.show()
# %% metrics count=10
loss, acc = seq.evaluate(X_va, y_va, verbose=0)
print(f"sequential   val loss {loss:.3f}  acc {acc:.3f}")
# %% [markdown]
# Not saturated after 6. Just go on from where it is, smaller steps.
# %% train count=11
seq.optimizer.learning_rate = 3e-4
h2 = seq.fit(X_tr, y_tr, validation_data=(X_va, y_va), epochs=3, batch_size=BATCH, verbose=0)
print(h2.history["val_accuracy"])
# %% [markdown]
# ## 2. Functional, two heads (which gas, how much)
# %% count=12
class Log(keras.callbacks.Callback):
    """one line per epoch instead of the progress bar"""
    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        print(epoch, " ".join(f"{k}={v:.3f}" for k, v in sorted(logs.items()) if k.startswith("val")))

def two_heads(width=32):
    inp = keras.Input((N_CH,), name="channels")
    h = norm(inp)
    h = layers.Dense(width, activation="gelu")(h)
    h = layers.Dense(width, activation="gelu")(h)
    gas = layers.Dense(len(GASES), activation="softmax", name="gas")(h)
    conc = layers.Dense(1, activation="softplus", name="ppm")(h)
    m = keras.Model(inp, {"gas": gas, "ppm": conc})
    m.compile(optimizer=keras.optimizers.Adam(2e-3),
              loss={"gas": "sparse_categorical_crossentropy", "ppm": "mae"},
              loss_weights={"gas": 1.0, "ppm": 0.5},
              metrics={"gas": ["accuracy"]})
    return m
# %% train count=13
%%time
cbs = [
    Log(),
    keras.callbacks.EarlyStopping(monitor="val_loss", patience=2, restore_best_weights=True),
    keras.callbacks.ReduceLROnPlateau(monitor="val_loss", patience=1),
    keras.callbacks.ModelCheckpoint("two_heads.keras", monitor="val_loss", save_best_only=True),
]
model = two_heads()
hist = model.fit(X_tr, {"gas": y_tr, "ppm": ppm_tr},
                 validation_data=(X_va, {"gas": y_va, "ppm": ppm_va}),
                 epochs=5, batch_size=BATCH, callbacks=cbs, verbose=0)
# %% metrics count=14
model.evaluate(X_va, {"gas": y_va, "ppm": ppm_va}, return_dict=True, verbose=0)
# %% count=15
out = model.predict(X_va, verbose=0)
plt.scatter(ppm_va, out["ppm"][:, 0], s=6, c=y_va)
plt.xlabel("true"); plt.ylabel("predicted"); plt.show()
# %% [markdown]
# ## 3. Subclass with my own train_step
# Noise added inside the step, so every epoch sees other readings.
# %% count=16
class NoisyNet(keras.Model):
    def __init__(self, width, sigma=0.05):
        super().__init__()
        self.norm = norm
        self.d1 = layers.Dense(width, activation="relu")
        self.d2 = layers.Dense(len(GASES))
        self.sigma = sigma

    def call(self, x, training=False):
        return self.d2(self.d1(self.norm(x)))

    def train_step(self, data):
        x, y = data
        x = x + tf.random.normal(tf.shape(x), stddev=self.sigma)
        with tf.GradientTape() as tape:
            logits = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=logits)
        grads = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply(grads, self.trainable_weights)
        for m in self.metrics:
            if m.name == "loss":
                m.update_state(loss)
            else:
                m.update_state(y, logits)
        return {m.name: m.result() for m in self.metrics}
# %% train count=17
noisy = NoisyNet(24)
noisy.compile(optimizer="adam",
              loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
              metrics=["accuracy"])
noisy.fit(X_tr, y_tr, epochs=EPOCHS, batch_size=BATCH, verbose=2)
# %% [markdown]
# ## 4. All by hand
# %% count=18
net = keras.Sequential([layers.Input((N_CH,)), norm, layers.Dense(24, activation="relu"), layers.Dense(len(GASES))])
opt = keras.optimizers.RMSprop(3e-3)
ce = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
seen = keras.metrics.SparseCategoricalAccuracy()

@tf.function
def step(xb, yb):
    with tf.GradientTape() as tape:
        z = net(xb, training=True)
        l = ce(yb, z)
    g = tape.gradient(l, net.trainable_variables)
    opt.apply_gradients(zip(g, net.trainable_variables))
    seen.update_state(yb, z)
    return l
# %% train count=20
ds = tf.data.Dataset.from_tensor_slices((X_tr, y_tr)).shuffle(1000, seed=1).batch(BATCH)
losses = []
for epoch in range(4):
    seen.reset_state()
    for xb, yb in ds:
        losses.append(float(step(xb, yb)))
    print(epoch, round(losses[-1], 4), round(float(seen.result()), 3))
# %% count=21
plt.plot(losses, lw=.7); plt.yscale("log")
plt.show()
# %% metrics count=22
def acc_of(m, X, y):
    p = np.asarray(m(X)).argmax(1)
    return float((p == y).mean())

pd.Series({"sequential": acc_of(seq, X_va, y_va),
           "noisy": acc_of(noisy, X_va, y_va),
           "by hand": acc_of(net, X_va, y_va)}).round(3)
# %% [markdown]
# ## Drift
# What the rig will look like in half a year
# %% metrics count=23
for d in (0.0, 0.1, 0.25):
    Xd, yd, _ = simulate(400, drift=d, seed=99)
    print(d, acc_of(seq, Xd, yd), acc_of(noisy, Xd, yd))
# %% count=24
noisy.save_weights("noisy.weights.h5")
seq.save("gas_seq.keras")
#keras.utils.plot_model(model, show_shapes=True)
# %% count=19
tf.config.list_physical_devices("GPU")
