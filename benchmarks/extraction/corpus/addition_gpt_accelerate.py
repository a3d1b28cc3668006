# manner: self-taught tinkerer, GPT-2 config from scratch, manual loop with Accelerate, Russian comments
# needs: transformers accelerate torch torchmetrics matplotlib
# seconds: 10
# %%
import itertools, math, random
import torch
from torch.utils.data import DataLoader
from accelerate import Accelerator
from accelerate.utils import set_seed
from transformers import GPT2Config, GPT2LMHeadModel, get_linear_schedule_with_warmup
from torchmetrics import MeanMetric
import matplotlib.pyplot as plt
set_seed(3)
# %% [markdown]
# Учим крошечный GPT складывать числа. Ответ пишем **задом наперёд**, так легче.
# %%
VOCAB = "0123456789+= "
c2i = {c: i for i, c in enumerate(VOCAB)}
encode = lambda s: [c2i[c] for c in s]
decode = lambda ids: "".join(VOCAB[int(i)] for i in ids)
decode(encode("12+7=91 "))
# %%
def example(a, b):
    return f"{a:02d}+{b:02d}=" + f"{a + b:03d}"[::-1]

pairs = list(itertools.product(range(50), repeat=2))
random.shuffle(pairs)
texts = [example(*p) for p in pairs]
texts[:5], len(texts)
# %%
ids = torch.tensor([encode(t) for t in texts])
train_ids, val_ids = ids[:2000], ids[2000:2200]
# labels: считаем потери только на ответе
def collate(rows):
    x = torch.stack(rows)
    y = x.clone()
    y[:, :6] = -100
    return {"input_ids": x, "labels": y}
# %%
train_dl = DataLoader(train_ids, batch_size=64, shuffle=True, collate_fn=collate, drop_last=True)
val_dl = DataLoader(val_ids, batch_size=200, collate_fn=collate)
next(iter(val_dl))["labels"][0]
# %%
config = GPT2Config(vocab_size=len(VOCAB), n_positions=12, n_embd=48, n_layer=2, n_head=4, resid_pdrop=0.0, embd_pdrop=0.0,
                    attn_pdrop=0.0, bos_token_id=12, eos_token_id=12)
model = GPT2LMHeadModel(config)
print(f"{model.num_parameters():,}")
# %%
epochs = 14
lr = 6e-3
accelerator = Accelerator(cpu=True, gradient_accumulation_steps=1)
optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.0)
scheduler = get_linear_schedule_with_warmup(optimizer, 20, epochs * len(train_dl))
model, optimizer, train_dl, val_dl, scheduler = accelerator.prepare(model, optimizer, train_dl, val_dl, scheduler)
accelerator.device
# %%
def evaluate():
    """средняя потеря и доля верных ответов; берёт model и val_dl из глобальных"""
    model.eval()
    mean = MeanMetric()
    good = total = 0
    for batch in val_dl:
        with torch.no_grad():
            out = model(**batch)
        mean.update(accelerator.gather(out.loss))
        pred = out.logits[:, 5:-1].argmax(-1)
        good += (pred == batch["input_ids"][:, 6:]).all(1).sum().item()
        total += len(pred)
    return mean.compute().item(), good / total

evaluate()     # до обучения: ~ln 13
# %% train
# переобучиться на одной порции, проверка что вообще учится
probe = GPT2LMHeadModel(config)
popt = torch.optim.AdamW(probe.parameters(), lr=1e-2)
one = collate(list(train_ids[:16]))
for i in range(30):
    loss = probe(**one).loss
    loss.backward()
    popt.step()
    popt.zero_grad()
loss.item()
# %%
del probe, popt
# %% train
losses = []
step = 0
for epoch in range(epochs):
    model.train()
    for batch in train_dl:
        with accelerator.accumulate(model):
            loss = model(**batch).loss
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
        losses.append(loss.item())
        step += 1
    if epoch % 2 == 0:
        val_loss, acc = evaluate()
        accelerator.print(f"epoch {epoch}: step {step} train {loss.item():.3f} val {val_loss:.3f} exact {acc:.2%}")
# %%
plt.semilogy(losses, lw=.5)
# %% metrics
evaluate()
# %%
@torch.no_grad()
def add(a, b):
    m = accelerator.unwrap_model(model)
    m.eval()
    x = torch.tensor([encode(f"{a:02d}+{b:02d}=")])
    out = m.generate(x, attention_mask=torch.ones_like(x), max_new_tokens=3, do_sample=False, pad_token_id=12)
    return decode(out[0, 6:])[::-1]

add(17, 25), add(40, 9), add(3, 3)
# %% metrics
# с переносом и без переноса
carry = [p for p in pairs[2200:2300] if p[0] % 10 + p[1] % 10 >= 10]
plain = [p for p in pairs[2200:2300] if p[0] % 10 + p[1] % 10 < 10]
for title, some in (("перенос", carry[:20]), ("без", plain[:20])):
    print(title, sum(add(a, b) == f"{a + b:03d}" for a, b in some) / len(some))
# %%
# числа больше, чем видел: чудес не бывает
add(77, 88)
# %%
accelerator.save_state("gpt_add_state")
# accelerator.load_state("gpt_add_state")
# %%
accelerator.unwrap_model(model).save_pretrained("gpt-add")
