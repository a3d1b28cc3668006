# manner: Brazilian engineer learning by doing, gradient descent by hand, then partial_fit and warm start, prints everywhere
# needs: numpy pandas scikit-learn matplotlib
# seconds: 4
# %% [markdown]
# # Consumo de energia do prédio: aprendendo regressão do zero
# %% count=1
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from sklearn.linear_model import SGDRegressor, LinearRegression
from sklearn.ensemble import GradientBoostingRegressor, VotingRegressor
from sklearn.metrics import mean_squared_error, r2_score

np.random.seed(55)
# %% count=2
horas = pd.date_range('2021-06-01', periods=24 * 90, freq='h')
temperatura = 22 + 6 * np.sin((horas.hour - 9) / 24 * 2 * np.pi) + np.random.normal(0, 1.5, len(horas))
util = (horas.weekday < 5).astype(int)
ocupacao = np.where((horas.hour >= 8) & (horas.hour < 19), 120, 5) * util * np.random.uniform(.7, 1.1, len(horas))
kwh = 30 + .9 * np.maximum(temperatura - 23, 0) ** 1.4 + .28 * ocupacao + np.random.normal(0, 2.5, len(horas))
tabela = pd.DataFrame({'hora': horas, 'temperatura': temperatura, 'util': util, 'ocupacao': ocupacao, 'kwh': kwh})
tabela.head()
# %% count=3
print(tabela.shape)
print(tabela.describe())
# %% count=4
tabela.set_index('hora').kwh['2021-06-07':'2021-06-13'].plot(figsize=(10, 3))
plt.show()
# %% count=5
tabela['calor'] = np.maximum(tabela.temperatura - 23, 0)
tabela['ontem'] = tabela.kwh.shift(24)
tabela = tabela.dropna()
corte = int(len(tabela) * .8)
colunas = ['temperatura', 'calor', 'util', 'ocupacao', 'ontem']
X, y = tabela[colunas].to_numpy(), tabela.kwh.to_numpy()
media, desvio = X[:corte].mean(0), X[:corte].std(0)
X = (X - media) / desvio
Xt, Xv, yt, yv = X[:corte], X[corte:], y[:corte], y[corte:]
# %% [markdown]
# ## Gradiente na mão
# %% count=6
def previsao(X, w, b):
    return X @ w + b

def custo(X, y, w, b):
    return ((previsao(X, w, b) - y) ** 2).mean()

def passo(X, y, w, b, taxa):
    e = previsao(X, w, b) - y
    return w - taxa * 2 * X.T @ e / len(y), b - taxa * 2 * e.mean()

w, b = np.zeros(len(colunas)), 0.0
print('custo antes de tudo', custo(Xt, yt, w, b))
# %% count=7
# um passo só, para conferir o sinal
print(passo(Xt, yt, w, b, .05))
# %% train count=8
historico = []
for epoca in range(200):
    w, b = passo(Xt, yt, w, b, .05)
    historico.append(custo(Xt, yt, w, b))
print(w, b)
# %% count=9
plt.figure()
plt.plot(historico)
plt.yscale('log')
plt.title('custo por época')
plt.show()
# %% metrics count=10
print('validação: mse', custo(Xv, yv, w, b), 'r2', 1 - custo(Xv, yv, w, b) / yv.var())
# %% train count=11
# será que bate com a biblioteca?
lin = LinearRegression().fit(Xt, yt)
print(np.abs(lin.coef_ - w).max())
# %% metrics count=12
r2_score(yv, lin.predict(Xv))
# %% [markdown]
# ## Aprendizado em lotes
# chegam dados todo dia...
# %% count=13
online = SGDRegressor(learning_rate='constant', eta0=.002, random_state=55)
erros = []
# %% train count=14
for inicio in range(0, len(Xt) - 24, 24):
    dia = slice(inicio, inicio + 24)
    online.partial_fit(Xt[dia], yt[dia])
    erros.append(mean_squared_error(yt[inicio + 24:inicio + 48], online.predict(Xt[inicio + 24:inicio + 48])))
# %% count=15
plt.figure(figsize=(6, 3))
pd.Series(erros).rolling(7).mean().plot(logy=True)
plt.show()
# %% metrics count=16
mean_squared_error(yv, online.predict(Xv)) ** .5
# %% train count=17
# mais algumas voltas pelos mesmos dias
for _ in range(5):
    online.partial_fit(Xt, yt)
# %% metrics count=18
mean_squared_error(yv, online.predict(Xv)) ** .5
# %% [markdown]
# ## Árvores, aumentando aos poucos
# %% train count=19
gb = GradientBoostingRegressor(n_estimators=20, max_depth=3, warm_start=True, random_state=0)
gb.fit(Xt, yt)
# %% metrics count=20
gb.score(Xv, yv)
# %% train count=24
gb.set_params(n_estimators=60)
gb.fit(Xt, yt)
# %% metrics count=25
gb.score(Xv, yv), gb.n_estimators_
# %% count=22
# gb.set_params(n_estimators=500).fit(Xt, yt)  -> piorou
# %% train count=26
gb_novo = GradientBoostingRegressor(n_estimators=60, max_depth=3, random_state=1)
juntos = VotingRegressor([('linear', LinearRegression()), ('arvores', gb_novo)]).fit(Xt, yt)
# %% count=27
pv = juntos.predict(Xv)
plt.figure(figsize=(10, 3))
plt.plot(yv[-72:], 'k'); plt.plot(pv[-72:], 'r'); plt.show()
# %% metrics count=28
placar = {'na mão': previsao(Xv, w, b), 'linear': lin.predict(Xv), 'online': online.predict(Xv), 'árvores': gb.predict(Xv), 'juntos': pv}
for nome, p in placar.items():
    print(f'{nome:10s} rmse {np.sqrt(np.mean((p - yv) ** 2)):.2f}')
# %% count=29
np.savez('pesos.npz', w=w, b=b, media=media, desvio=desvio)
