import ast

import pytest

from alekseylearn.loops import hand_overs, training_loop


def loop(code: str) -> ast.For | ast.While:
    (found,) = ast.parse(code).body
    assert isinstance(found, ast.For | ast.While)
    return found


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("for epoch in range(9):\n    w = f(w)", " over `epoch`"),
        ("for epoca in range(9):\n    w = f(w)", " over `epoca`"),
        ("for _ in range(n_epochs):\n    w = f(w)", " over `n_epochs`"),
        ("while step < 9:\n    w = f(w)", " over `step`"),
        ("for i in r:\n    w -= rate * (X.T @ (X @ w - y))", ""),
        ("for i in r:\n    g = X.T @ w\n    w = w - g", ""),
        ("for i in r:\n    near = distance(C).argmin()\n    C = middle(near)", ""),
        ("for i in r:\n    Q[s, a] = Q[s, a] + rate * (gain - Q[s, a])", ""),
        ("for i in r:\n    if f(w) != y:\n        w += rate * x", ""),
    ],
)
def test_what_feeds_back_is_training(code: str, words: str) -> None:
    assert training_loop(loop(code)) == f"looks like a training loop{words}"


@pytest.mark.parametrize(
    "code",
    [
        "for epoch in range(9):\n    print(epoch)",
        "for epoch in range(9):\n    total += f(epoch)\n    n = n + 1",
        "for epoch in range(9):\n    w = f(epoch)\n    w = g(w)",
        "for i in r:\n    w = f(w)",
        "for i in r:\n    x[i] = 0.6 * x[i - 1] + noise()",
        "for step in r:\n    v -= k * x * dt\n    x += v * dt",
        "for i in r:\n    frame = add(frame, model.predict(frame).mean())",
        "for epoch in r:\n    rows = pd.concat([rows, f(epoch)])",
        "for epoch in r:\n    def f(w): w = g(w)",
    ],
)
def test_counting_collecting_and_simulating_is_not(code: str) -> None:
    assert training_loop(loop(code)) is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("for i in range(n_epochs):\n    w[0] -= lr * f(w)", " over `n_epochs`"),
        (
            "while step < max_steps:\n    grads = f(params)\n    params = update(params, grads)\n    step += 1",
            " over `step`",
        ),
        ("for it in range(100):\n    labels = nearest(centers)\n    centers = means(X, labels)\n", " over `it`"),
        ("for epoch in tqdm(r):\n    for x in data:\n        model.w -= lr * model.grad(x)", " over `epoch`"),
    ],
)
def test_what_feeds_back_through_other_names_is_training(code: str, words: str) -> None:
    assert training_loop(loop(code)) == f"looks like a training loop{words}"


def test_what_a_called_function_learns_counts() -> None:
    code = loop("for i in r:\n    w = f(w)")
    assert training_loop(code, lambda call: ast.unparse(call) == "f(w)") == "looks like a training loop"


def test_blocks_that_are_known_not_to_run_do_not_count() -> None:
    code = loop("for epoch in r:\n    if train:\n        w = f(w)\n    else:\n        v = f(v)")
    assert training_loop(code) is not None
    assert training_loop(code, decides=lambda test: False) is not None
    code = loop("for epoch in r:\n    if train:\n        w = f(w)")
    assert training_loop(code, decides=lambda test: False) is None


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("a, b = b, c\nd = 1\nwith e:\n    f = g\ndef h(): i = j", 1),
        ("a = b\nb = c\nc = d", 2),
        ("[a, (b, c)] = [b, (c, a)]", 3),
        ("a, b = rows\nrows = a", 3),
        ("x, y = x.to(device), y.to(device)", 0),
        ("\n".join(f"a{number} = a{number + 1}" for number in range(9)), 6),
    ],
)
def test_variables_that_get_what_others_were_are_counted(code: str, count: int) -> None:
    assert hand_overs(ast.parse(code).body) == count
