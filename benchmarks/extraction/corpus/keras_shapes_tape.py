# manner: Keras on tensorflow, tf.data pictures drawn by hand, first model.fit, then a custom training loop with GradientTape and tf.function
# needs: numpy matplotlib tensorflow-cpu keras
# seconds: 9
# %% [markdown]
# # Circles, squares, crosses
# Part 1 with `fit`, part 2 with our own loop.
# %%
import os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
import matplotlib.pyplot as plt
print("TF", tf.__version__, "GPUs:", len(tf.config.list_physical_devices("GPU")))
# %%
keras.utils.set_random_seed(31)
IMG, BATCH, CLASSES = 16, 32, ["circle", "square", "cross"]
# %%
def draw(kind):
    img = np.random.normal(0, .15, (IMG, IMG))
    cx, cy = np.random.randint(5, IMG - 5, 2)
    r = np.random.randint(3, 5)
    yy, xx = np.mgrid[:IMG, :IMG]
    if kind == 0:
        img[np.abs(np.hypot(xx - cx, yy - cy) - r) < .8] += 1
    elif kind == 1:
        img[np.maximum(abs(xx - cx), abs(yy - cy)) == r] += 1
    else:
        img[(abs(abs(xx - cx) - abs(yy - cy)) < 1) & (abs(xx - cx) <= r)] += 1
    return img.astype("float32")[..., None]

labels = np.random.randint(0, 3, 700)
images = np.stack([draw(k) for k in labels])
images.shape, np.bincount(labels)
# %%
plt.figure(figsize=(6, 3))
for i in range(8):
    plt.subplot(2, 4, i + 1)
    plt.imshow(images[i, ..., 0], cmap="gray"); plt.title(CLASSES[labels[i]]); plt.axis("off")
plt.show()
# %%
x_train, x_val, x_test = np.split(images, [450, 550])
y_train, y_val, y_test = np.split(labels, [450, 550])

def make_ds(x, y, training=False):
    ds = tf.data.Dataset.from_tensor_slices((x, y))
    if training:
        ds = ds.shuffle(500, seed=1)
        ds = ds.map(lambda a, b: (tf.image.random_flip_left_right(a, seed=2), b))
    return ds.batch(BATCH).prefetch(1)

train_ds, val_ds, test_ds = make_ds(x_train, y_train, True), make_ds(x_val, y_val), make_ds(x_test, y_test)
# %%
for xb, yb in train_ds.take(1):
    print(xb.shape, yb.numpy()[:10])
# %%
norm = layers.Normalization(axis=None)
norm.adapt(x_train)
# %%
def build():
    return keras.Sequential([
        keras.Input((IMG, IMG, 1)),
        norm,
        layers.Conv2D(8, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(.1),
        layers.Dense(3),
    ])
model = build()
model.summary()
# %%
model.compile(optimizer=keras.optimizers.Adam(5e-3), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
# %% train
history = model.fit(train_ds, validation_data=val_ds, epochs=6, verbose=2,
                    callbacks=[keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)])
# %%
plt.plot(history.history["accuracy"], label="train")
plt.plot(history.history["val_accuracy"], label="val")
plt.legend(); plt.show()
# %% metrics
loss, acc = model.evaluate(test_ds, verbose=0)
print(f"test loss {loss:.3f}, test accuracy {acc:.2%}")
# %%
model.save("shapes.keras")
# %% [markdown]
# ## Part 2: own loop
# %%
net = build()
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = keras.optimizers.Adam(5e-3)
train_acc = keras.metrics.SparseCategoricalAccuracy()
val_acc = keras.metrics.SparseCategoricalAccuracy()
# %%
@tf.function
def train_step(x, y):
    with tf.GradientTape() as tape:
        logits = net(x, training=True)
        loss = loss_fn(y, logits)
    grads = tape.gradient(loss, net.trainable_weights)
    optimizer.apply_gradients(zip(grads, net.trainable_weights))
    train_acc.update_state(y, logits)
    return loss

@tf.function
def test_step(x, y):
    val_acc.update_state(y, net(x, training=False))
# %% train
logs = []
for epoch in range(6):
    losses = []
    for xb, yb in train_ds:
        losses.append(float(train_step(xb, yb)))
    for xb, yb in val_ds:
        test_step(xb, yb)
    logs.append((np.mean(losses), float(train_acc.result()), float(val_acc.result())))
    print("epoch %d: loss %.3f  acc %.3f  val %.3f" % (epoch, *logs[-1]))
    train_acc.reset_state()
    val_acc.reset_state()
# %%
plt.plot(np.array(logs)); plt.legend(["loss", "acc", "val"]); plt.show()
# %% metrics
val_acc.reset_state()
for xb, yb in test_ds:
    test_step(xb, yb)
print("own loop, test accuracy:", float(val_acc.result()))
# %% metrics
pred = net.predict(x_test, verbose=0).argmax(1)
tf.math.confusion_matrix(y_test, pred).numpy()
# %%
bad = np.flatnonzero(pred != y_test)[:6]
for j, b in enumerate(bad):
    plt.subplot(1, 6, j + 1); plt.imshow(x_test[b, ..., 0]); plt.title(CLASSES[pred[b]]); plt.axis("off")
# %% [markdown]
# ## Fine-tune the saved one with a low rate
# %% train
old = keras.models.load_model("shapes.keras")
old.compile(optimizer=keras.optimizers.SGD(1e-3), loss=loss_fn, metrics=["accuracy"])
for xb, yb in train_ds.take(8):
    out = old.train_on_batch(xb, yb)
print(out)
# %% metrics
old.evaluate(test_ds, return_dict=True, verbose=0)
