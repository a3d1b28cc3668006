# manner: transport planner, classical time series with statsmodels, order chosen by AIC in a loop, walk forward
# needs: numpy pandas statsmodels matplotlib
# seconds: 4
# %% [markdown]
# # Metro ridership: short-term forecast for the 2020 budget
# %% count=1
import warnings
import itertools
import numpy as np
import pandas as pd
import matplotlib.pyplot as plt
from statsmodels.tsa.stattools import adfuller, kpss
from statsmodels.tsa.seasonal import seasonal_decompose
from statsmodels.graphics.tsaplots import plot_acf, plot_pacf
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.holtwinters import ExponentialSmoothing

warnings.simplefilter("ignore")
plt.rcParams["figure.figsize"] = (10, 3)
# %% count=2
rng = np.random.default_rng(5)
idx = pd.period_range("2011-01", "2019-12", freq="M").to_timestamp()
t = np.arange(len(idx))
season = np.array([-3, -2, 1, 0, 2, -1, -6, -8, 3, 5, 4, 1])[t % 12]
shock = np.zeros(len(t))
for k in range(1, len(t)):
    shock[k] = .6 * shock[k - 1] + rng.normal(0, 1.4)
riders = pd.Series(80 + .18 * t + season + shock, index=idx, name="million trips").asfreq("MS")
riders.head(13)
# %% count=3
riders.plot()
plt.ylabel("million trips")
plt.show()
# %% count=4
riders.groupby(riders.index.year).agg(["sum", "min", "max"]).round(1)
# %% count=5
seasonal_decompose(riders, model="additive", period=12).plot()
plt.show()
# %% [markdown]
# ## Stationarity
# %% count=6
def stationarity(x, name):
    a = adfuller(x.dropna())
    k = kpss(x.dropna(), nlags="auto")
    print(f"{name:12s} ADF p={a[1]:.3f}  KPSS p={k[1]:.3f}")

stationarity(riders, "level")
stationarity(riders.diff(), "d=1")
stationarity(riders.diff().diff(12), "d=1, D=1")
# %% count=7
fig, ax = plt.subplots(1, 2)
plot_acf(riders.diff().diff(12).dropna(), ax=ax[0], lags=24)
plot_pacf(riders.diff().diff(12).dropna(), ax=ax[1], lags=24)
plt.show()
# %% count=8
h = 12
y_train, y_test = riders[:-h], riders[-h:]
len(y_train), len(y_test)
# %% [markdown]
# ## First guess (1,1,1)
# %% train count=9
m0 = ARIMA(y_train, order=(1, 1, 1)).fit()
print(m0.summary())
# %% count=10
m0.plot_diagnostics(figsize=(10, 6))
plt.show()
# %% [markdown]
# Clearly seasonal left-overs. Search the seasonal orders.
# %% train count=14
results = []
for p, q, P in itertools.product([0, 1], [0, 1], [0, 1]):
    order, seasonal = (p, 1, q), (P, 1, 0, 12)
    try:
        r = ARIMA(y_train, order=order, seasonal_order=seasonal).fit(method_kwargs={"maxiter": 15})
        results.append({"order": order, "seasonal": seasonal, "aic": r.aic, "bic": r.bic})
    except Exception as err:
        print(order, seasonal, err)
table = pd.DataFrame(results).sort_values("aic")
# %% metrics count=15
table.head()
# %% count=16
best = table.iloc[0]
best.order, best.seasonal
# %% train count=17
sarima = ARIMA(y_train, order=best.order, seasonal_order=best.seasonal).fit(method_kwargs={"maxiter": 30})
# %% count=18
fc = sarima.get_forecast(h)
mean, ci = fc.predicted_mean, fc.conf_int(alpha=.2)
ax = riders["2017":].plot(color="k")
mean.plot(ax=ax, color="r")
ax.fill_between(ci.index, ci.iloc[:, 0], ci.iloc[:, 1], alpha=.2)
plt.show()
# %% metrics count=19
def mape(a, f): return float(np.mean(np.abs((a - f) / a)) * 100)
def rmse(a, f): return float(np.sqrt(np.mean((a - f) ** 2)))

print("SARIMA  MAPE %.2f%%  RMSE %.2f" % (mape(y_test, mean), rmse(y_test, mean)))
# %% [markdown]
# ## Holt-Winters
# %% train count=20
hw = ExponentialSmoothing(y_train, trend="add", seasonal="add", seasonal_periods=12).fit()
hw_fc = hw.forecast(h)
# %% count=21
hw.params["smoothing_level"], hw.params["smoothing_seasonal"]
# %% metrics count=22
board = pd.DataFrame({"sarima": [mape(y_test, mean), rmse(y_test, mean)],
                      "holt-winters": [mape(y_test, hw_fc), rmse(y_test, hw_fc)],
                      "average": [mape(y_test, (mean + hw_fc) / 2), rmse(y_test, (mean + hw_fc) / 2)]},
                     index=["MAPE", "RMSE"]).T
board.round(3)
# %% count=23
board.RMSE.plot.barh()
plt.show()
# %% [markdown]
# ## Walk forward, refit each quarter
# %% train count=24
history, one_step = y_train.copy(), []
for start in range(0, h, 3):
    fit = ExponentialSmoothing(history, trend="add", seasonal="add", seasonal_periods=12).fit()
    one_step.append(fit.forecast(3))
    history = pd.concat([history, y_test.iloc[start:start + 3]])
walk = pd.concat(one_step)
# %% metrics count=25
mape(y_test, walk), rmse(y_test, walk)
# %% count=26
# prophet does not install on the work laptop
# from prophet import Prophet
# p = Prophet().fit(riders.reset_index().rename(columns={"index": "ds", "million trips": "y"}))
# %% train count=27
final = ExponentialSmoothing(riders, trend="add", seasonal="add", seasonal_periods=12).fit()
budget = final.forecast(12)
print("2020 total: %.0f million" % budget.sum())
# %% count=28
budget.round(1).to_csv("budget_2020.csv")
final.save("holt_winters.pickle")
