# manner: company data scientist, Hugging Face Trainer with a config from scratch, Portuguese names and comments
# needs: transformers tokenizers torch accelerate scikit-learn pandas numpy
# seconds: 7
# %% [markdown]
# # Triagem de chamados com um BERT minúsculo
# Sem baixar nada: vocabulário próprio, modelo inicializado do zero. Serve só para provar que o fluxo funciona.
# %% count=1
import os
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import random
import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, classification_report, f1_score
from sklearn.model_selection import train_test_split
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed
# %% count=2
!python --version
# %% count=3
set_seed(77)
modelos_de_frase = {
    "cobrança": ["a fatura de {m} veio errada", "fui cobrado duas vezes em {m}", "quero a segunda via do boleto de {m}"],
    "técnico": ["o aplicativo {s} não abre no {d}", "erro ao entrar no {s}", "o {d} perde a conexão com o {s}"],
    "cancelar": ["quero cancelar o {s}", "como encerro meu contrato do {s}", "não preciso mais do {s} desde {m}"],
}
m = ["janeiro", "março", "maio", "julho", "outubro"]
s = ["painel", "portal", "email", "backup"]
d = ["celular", "notebook", "tablet"]
enfeites = ["", "bom dia", "por favor", "urgente", "olá", "obrigado"]

linhas = []
for _ in range(600):
    assunto = random.choice(list(modelos_de_frase))
    frase = random.choice(modelos_de_frase[assunto]).format(m=random.choice(m), s=random.choice(s), d=random.choice(d))
    linhas.append((f"{random.choice(enfeites)} {frase} {random.choice(enfeites)}".strip(), assunto))
df = pd.DataFrame(linhas, columns=["texto", "assunto"])
df.sample(5, random_state=1)
# %% count=4
df.assunto.value_counts()
# %% count=5
df.texto.str.split().str.len().describe()
# %% count=6
# sujar um pouco os rótulos, senão fica fácil demais
rotulos = sorted(df.assunto.unique())
df["y"] = df.assunto.map({r: i for i, r in enumerate(rotulos)})
sujo = df.sample(frac=0.04, random_state=5).index
df.loc[sujo, "y"] = np.random.default_rng(5).integers(0, 3, len(sujo))
treino, teste = train_test_split(df, test_size=0.25, stratify=df.assunto, random_state=77)
treino, valid = train_test_split(treino, test_size=0.2, random_state=77)
len(treino), len(valid), len(teste)
# %% [markdown]
# ## Linha de base
# %% train count=7
vet = TfidfVectorizer(ngram_range=(1, 2))
base = LogisticRegression(max_iter=300)
base.fit(vet.fit_transform(treino.texto), treino.y)
# %% metrics count=8
accuracy_score(teste.y, base.predict(vet.transform(teste.texto)))
# %% [markdown]
# ## Tokenizador
# %% count=9
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import WordLevelTrainer
from transformers import PreTrainedTokenizerFast

especiais = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
bruto = Tokenizer(WordLevel(unk_token="[UNK]"))
bruto.pre_tokenizer = Whitespace()
bruto.train_from_iterator(treino.texto, WordLevelTrainer(special_tokens=especiais, min_frequency=2))
bruto.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
tok = PreTrainedTokenizerFast(tokenizer_object=bruto, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")
len(tok), tok.tokenize(treino.texto.iloc[0])
# %% count=10
class Chamados(torch.utils.data.Dataset):
    def __init__(self, tabela, com_rotulo=True):
        self.enc = tok(tabela.texto.tolist(), truncation=True, padding="max_length", max_length=16, return_tensors="pt")
        self.y = tabela.y.tolist() if com_rotulo else None

    def __len__(self):
        return len(self.enc["input_ids"])

    def __getitem__(self, i):
        item = {k: self.enc[k][i] for k in ("input_ids", "attention_mask")}
        if self.y is not None:
            item["labels"] = torch.tensor(self.y[i])
        return item


ds_treino, ds_valid, ds_teste = Chamados(treino), Chamados(valid), Chamados(teste)
ds_treino[0]
# %% count=13
config = BertConfig(vocab_size=len(tok), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
                    max_position_embeddings=32, num_labels=len(rotulos), id2label=dict(enumerate(rotulos)),
                    label2id={r: i for i, r in enumerate(rotulos)})
bert = BertForSequenceClassification(config)
bert.num_parameters()
# %% count=11
def medir(p):
    previsto = p.predictions.argmax(-1)
    return {"acc": accuracy_score(p.label_ids, previsto), "f1": f1_score(p.label_ids, previsto, average="macro")}
# %% count=14
args = TrainingArguments(
    output_dir="saida_bert",
    num_train_epochs=8,
    per_device_train_batch_size=16,
    per_device_eval_batch_size=64,
    learning_rate=3e-3,
    warmup_steps=10,
    eval_strategy="epoch",
    save_strategy="no",
    logging_steps=10,
    report_to="none",
    use_cpu=True,
    seed=77,
    disable_tqdm=True,
)
trainer = Trainer(model=bert, args=args, train_dataset=ds_treino, eval_dataset=ds_valid, compute_metrics=medir)
# %% train count=15
trainer.train()
# %% count=16
hist = pd.DataFrame(trainer.state.log_history)
hist.dropna(subset=["loss"]).plot(x="step", y="loss");
# %% metrics count=17
trainer.evaluate(ds_teste)
# %% metrics count=18
saida = trainer.predict(ds_teste)
print(classification_report(teste.y, saida.predictions.argmax(-1), target_names=rotulos))
# %% count=19
# onde ele erra com mais certeza?
prob = torch.tensor(saida.predictions).softmax(-1).numpy()
ruim = teste.assign(previsto=prob.argmax(1), certeza=prob.max(1)).query("previsto != y")
ruim.sort_values("certeza", ascending=False).head()
# %% count=20
def classificar(texto):
    bert.eval()
    with torch.no_grad():
        e = tok(texto, return_tensors="pt")
        return rotulos[bert(input_ids=e["input_ids"], attention_mask=e["attention_mask"]).logits.argmax().item()]

classificar("bom dia quero cancelar o portal"), classificar("o tablet não conecta")
# %% [markdown]
# Congelar o corpo e treinar só a cabeça? Testado rápido:
# %% count=22
cabeca = BertForSequenceClassification(config)
for p in cabeca.bert.parameters():
    p.requires_grad = False
# %% train count=23
args2 = TrainingArguments(output_dir="saida_cabeca", num_train_epochs=1, per_device_train_batch_size=32, learning_rate=1e-2,
                          save_strategy="no", report_to="none", use_cpu=True, disable_tqdm=True, seed=77)
t2 = Trainer(model=cabeca, args=args2, train_dataset=ds_treino, compute_metrics=medir)
resultado = t2.train()
# %% metrics count=24
t2.evaluate(ds_valid)["eval_acc"]
# %% count=25
trainer.save_model("chamados-bert")
tok.save_pretrained("chamados-bert")
# %%
# trainer.push_to_hub("empresa/chamados-bert")
