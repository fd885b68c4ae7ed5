"""Made the files beside it: `KERAS_BACKEND=torch python make.py`, with Keras 3.15.1 (not needed to run the tests).

Each model has random weights; `expected.npz` holds an input and what Keras itself predicts for it.
"""

import os
from pathlib import Path

import keras
import numpy as np
from keras import layers as L

HERE = Path(os.path.dirname(__file__))
RANDOM = np.random.default_rng(0)


def sequential():
    """Asymmetric same-padding with strides, dilation, causal, pools that overhang, norms without scale or centre."""
    return keras.Sequential(
        [
            L.Input((41, 4)),
            L.Conv1D(6, 7, strides=2, padding="same", activation="relu", name="first"),
            L.BatchNormalization(scale=False),
            L.MaxPooling1D(3, 2, padding="same"),
            L.Conv1D(5, 3, dilation_rate=2, padding="causal", activation="gelu"),
            L.AveragePooling1D(3, 2, padding="same"),
            L.Dropout(0.3),
            L.Dense(7, activation="elu"),
            L.LeakyReLU(0.15),
            L.Flatten(),
            L.Dense(8, activation="selu"),
            L.BatchNormalization(center=False),
            L.Dense(3, activation="softmax"),
        ]
    )


def functional():
    """Skips, merges, a nested model, a layer used twice, reshape and permute."""
    x = L.Input((30, 4))
    a = L.Conv1D(4, 5, padding="same", activation="swish")(x)
    b = L.Activation("tanh")(L.ZeroPadding1D((1, 3))(L.Conv1D(4, 5, use_bias=False)(x)))
    y = L.Concatenate()([L.Add()([a, b]), L.Maximum()([a, b]), L.Average()([a, b])])
    y = L.Cropping1D((2, 1))(y)
    y = L.Concatenate(axis=1)([y, y])
    y = keras.Sequential([L.Input((54, 12)), L.Conv1D(3, 3, activation="relu"), L.BatchNormalization()], name="sub")(y)
    shared = L.Conv1D(3, 3, padding="same", activation="softplus", name="shared")
    y = shared(shared(y))
    mixed = L.Flatten()(L.Permute((2, 1))(L.Reshape((26, 6))(y)))
    y = L.Concatenate()([L.GlobalMaxPooling1D()(y), L.GlobalAveragePooling1D()(y), mixed])
    return keras.Model(x, L.Dense(2, activation="sigmoid")(y))


def image():
    """Two-dimensional layers over (4, L, 1), as early models had them."""
    x = L.Input((4, 25, 1))
    y = L.BatchNormalization()(L.MaxPooling2D((1, 2))(L.Conv2D(5, (4, 7), activation="relu")(x)))
    return keras.Model(x, L.Dense(2)(L.Flatten()(y)))


def main():
    expected = {}
    for make in (sequential, functional, image):
        model, name = make(), make.__name__
        for weight in model.weights:
            value = RANDOM.normal(size=weight.shape) * 0.4
            weight.assign(np.abs(value) + 0.3 if "variance" in weight.path else value)
        onehot = np.eye(4, dtype="float32")[RANDOM.integers(0, 4, (4, max(model.input_shape[1:])))]
        expected[f"{name}_x"] = onehot.transpose(0, 2, 1)
        x = onehot.transpose(0, 2, 1)[..., None] if name == "image" else onehot
        expected[f"{name}_y"] = model.predict(x, verbose=0)
        model.save(HERE / f"{name}.keras")
        model.save(HERE / f"{name}.h5", include_optimizer=False)
        if name == "sequential":
            (HERE / f"{name}.json").write_text(model.to_json())
            model.save_weights(HERE / f"{name}.weights.h5")
    np.savez_compressed(HERE / "expected.npz", **expected)


if __name__ == "__main__":
    main()
