# manner: an NLP engineer, Hugging Face Trainer with a tiny random BERT and an own word-level tokenizer, datasets classes by hand, callbacks
# needs: numpy torch transformers tokenizers accelerate scikit-learn
# seconds: 8
# %% [markdown]
# # Intent of customer orders, tiny BERT from scratch
# (no download possible on this box, so config -> random weights)
# %% count=1
import os
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["WANDB_DISABLED"] = "true"
import logging
import random
import numpy as np
import torch
from torch.utils.data import Dataset
from transformers import (BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast, Trainer, TrainerCallback,
                          TrainingArguments, set_seed)
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
logging.getLogger("transformers").setLevel(logging.ERROR)
torch.set_num_threads(1)
# %% count=2
set_seed(17)
INTENTS = ["order", "cancel", "complain"]
TEMPLATES = {
    "order": ["i want to buy {n} {p}", "please send me {n} {p}", "can i get {n} more {p}", "add {p} to my basket"],
    "cancel": ["please cancel my {p}", "i do not want the {p} any more", "stop the order of {n} {p}", "no more {p} please"],
    "complain": ["the {p} is broken", "my {n} {p} never came", "i want my money back for the {p}", "the {p} is too late"],
}
PRODUCTS = "lamp chair table shelf sofa carpet mirror desk".split()
# %% count=3
def sample():
    y = random.randrange(3)
    s = random.choice(TEMPLATES[INTENTS[y]]).format(n=random.choice(["one", "two", "five"]), p=random.choice(PRODUCTS))
    if random.random() < .25:
        s = " ".join(w for w in s.split() if random.random() > .25) or s
    return s, y

data = [sample() for _ in range(400)]
data[:5]
# %% count=4
texts, labels = zip(*data)
from collections import Counter
Counter(labels), max(len(t.split()) for t in texts)
# %% count=5
# word-level vocabulary
tok = Tokenizer(models.WordLevel(unk_token="[UNK]"))
tok.pre_tokenizer = pre_tokenizers.Whitespace()
tok.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"]))
tokenizer = PreTrainedTokenizerFast(tokenizer_object=tok, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")
tokenizer("please cancel my lamp")
# %% count=6
class Orders(Dataset):
    def __init__(self, texts, labels, max_len=12):
        self.enc = tokenizer(list(texts), padding="max_length", truncation=True, max_length=max_len, return_tensors="pt")
        self.labels = torch.tensor(labels)
    def __len__(self):
        return len(self.labels)
    def __getitem__(self, i):
        return {"input_ids": self.enc["input_ids"][i], "attention_mask": self.enc["attention_mask"][i], "labels": self.labels[i]}

train_ds = Orders(texts[:280], labels[:280])
eval_ds = Orders(texts[280:340], labels[280:340])
test_ds = Orders(texts[340:], labels[340:])
train_ds[0]
# %% count=8
config = BertConfig(vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
                    max_position_embeddings=16, num_labels=3, id2label=dict(enumerate(INTENTS)), label2id={v: i for i, v in enumerate(INTENTS)})

def model_init():
    return BertForSequenceClassification(config)
print(f"{model_init().num_parameters():,} parameters")
# %% count=9
from sklearn.metrics import accuracy_score, f1_score, classification_report

def compute_metrics(p):
    pred = p.predictions.argmax(-1)
    return {"acc": accuracy_score(p.label_ids, pred), "f1": f1_score(p.label_ids, pred, average="macro")}

class LossBook(TrainerCallback):
    def __init__(self):
        self.losses = []
    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "loss" in logs:
            self.losses.append(logs["loss"])
# %% count=10
args = TrainingArguments(
    output_dir="out",
    num_train_epochs=4,
    per_device_train_batch_size=28,
    per_device_eval_batch_size=60,
    learning_rate=3e-3,
    eval_strategy="epoch",
    save_strategy="no",
    logging_steps=5,
    report_to="none",
    use_cpu=True,
    disable_tqdm=True,
    seed=17,
)
# %% count=11
book = LossBook()
trainer = Trainer(model_init=model_init, args=args, train_dataset=train_ds, eval_dataset=eval_ds, compute_metrics=compute_metrics, callbacks=[book])
# %% train count=12
out = trainer.train()
out.metrics["train_loss"]
# %% count=13
import matplotlib.pyplot as plt
plt.plot(book.losses)
plt.xlabel("log step")
# %% metrics count=14
trainer.evaluate()
# %% metrics count=16
pred = trainer.predict(test_ds)
print(pred.metrics)
print(classification_report(pred.label_ids, pred.predictions.argmax(1), target_names=INTENTS))
# %% count=15
wrong = [(t, INTENTS[a], INTENTS[b]) for t, a, b in zip(texts[340:], pred.label_ids, pred.predictions.argmax(1)) if a != b]
wrong[:10]
# %% count=17
trainer.save_model("orders-bert")
tokenizer.save_pretrained("orders-bert")
!ls orders-bert
# %% [markdown]
# ### Frozen encoder: how far does the head alone get?
# %% count=18
set_seed(3)
frozen = BertForSequenceClassification(config)
for p in frozen.bert.parameters():
    p.requires_grad = False
sum(p.numel() for p in frozen.parameters() if p.requires_grad)
# %% train count=19
t2 = Trainer(model=frozen, args=args, train_dataset=train_ds, eval_dataset=eval_ds, compute_metrics=compute_metrics)
t2.train();
# %% metrics count=20
{"full": trainer.evaluate(test_ds)["eval_f1"], "head only": t2.evaluate(test_ds)["eval_f1"]}
# %% count=21
# serve
loaded = BertForSequenceClassification.from_pretrained("orders-bert").eval()
def intent(s):
    with torch.no_grad():
        enc = tokenizer(s, return_tensors="pt")
        logits = loaded(input_ids=enc["input_ids"], attention_mask=enc["attention_mask"]).logits
    return INTENTS[logits.argmax(-1).item()]
for s in ["please cancel my desk", "the sofa is broken", "i want to buy five chair"]:
    print(s, "->", intent(s))
