# manner: a reinforcement-learning tinkerer, REINFORCE in plain numpy on a toy world, agent class, one shared RandomState, then actor-critic
# needs: numpy matplotlib tqdm
# seconds: 1
# %% [markdown]
# # REINFORCE from scratch
# no gym, no torch, just numpy and a windy corridor
# %%
import numpy as np
import matplotlib.pyplot as plt
from collections import deque, defaultdict
from tqdm import trange
RNG = np.random.RandomState(11)
# %%
class WindyCorridor:
    """Cells 0..n-1, goal on the right. Wind blows left sometimes. -0.05 per step, +1 at goal, -1 if blown out."""
    actions = (-1, 0, +1)

    def __init__(self, n=8, wind=.2, limit=40):
        self.n, self.wind, self.limit = n, wind, limit

    def reset(self):
        self.s = RNG.randint(1, self.n - 2)
        self.t = 0
        return self.s

    def step(self, a):
        self.t += 1
        self.s += self.actions[a]
        if RNG.rand() < self.wind:
            self.s -= 1
        if self.s < 0:
            return 0, -1., True
        if self.s >= self.n - 1:
            return self.n - 1, 1., True
        return self.s, -.05, self.t >= self.limit
# %%
env = WindyCorridor()
s = env.reset()
trace = [s]
done = False
while not done:
    s, r, done = env.step(RNG.randint(3))
    trace.append(s)
plt.step(range(len(trace)), trace)
print(r)
# %% [markdown]
# ## The policy
# softmax over features: one-hot of the cell
# %%
def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()

class Agent:
    def __init__(self, n_states, n_actions=3, lr=.15, gamma=.97):
        self.theta = np.zeros((n_states, n_actions))
        self.lr, self.gamma = lr, gamma
        self.baseline = 0.

    def probs(self, s):
        return softmax(self.theta[s])

    def act(self, s):
        return RNG.choice(3, p=self.probs(s))

    def learn(self, episode):
        G = 0
        for s, a, r in reversed(episode):
            G = r + self.gamma * G
            p = self.probs(s)
            dlog = -p
            dlog[a] += 1
            self.theta[s] += self.lr * (G - self.baseline) * dlog
        self.baseline += .02 * (G - self.baseline)

def rollout(env, agent):
    ep, s, done = [], env.reset(), False
    while not done:
        a = agent.act(s)
        s2, r, done = env.step(a)
        ep.append((s, a, r))
        s = s2
    return ep
# %%
agent = Agent(env.n)
ep = rollout(env, agent)
len(ep), sum(r for *_, r in ep)
# %% train
returns = []
last = deque(maxlen=100)
for i in trange(600):
    ep = rollout(env, agent)
    agent.learn(ep)
    R = sum(r for *_, r in ep)
    returns.append(R); last.append(R)
print(np.mean(last))
# %%
def smooth(x, k=30):
    return np.convolve(x, np.ones(k) / k, "valid")
plt.plot(returns, alpha=.2); plt.plot(smooth(returns))
# %%
plt.imshow(np.array([agent.probs(s) for s in range(env.n)]).T)
plt.yticks(range(3), ["left", "stay", "right"]); plt.colorbar()
# %% metrics
def test_agent(agent, env, n=200):
    rs = [sum(r for *_, r in rollout(env, agent)) for _ in range(n)]
    wins = np.mean([r > 0 for r in rs])
    return np.mean(rs), np.std(rs), wins
print("mean %.3f  std %.3f  success rate %.2f" % test_agent(agent, env))
# %% [markdown]
# more wind?
# %% metrics
for w in (0., .2, .4, .6):
    print(w, test_agent(agent, WindyCorridor(wind=w), 100))
# %% [markdown]
# ## How much luck is in it? 4 runs x 3 learning rates
# %% train
curves = defaultdict(list)
for lr in (.02, .15, .6):
    for run in range(4):
        ag = Agent(env.n, lr=lr)
        rets = []
        for _ in range(200):
            ep = rollout(env, ag)
            ag.learn(ep)
            rets.append(sum(r for *_, r in ep))
        curves[lr].append(rets)
# %%
for lr, c in curves.items():
    m, sd = np.mean(c, 0), np.std(c, 0)
    plt.plot(smooth(m), label=lr)
    plt.fill_between(range(len(smooth(m))), smooth(m - sd), smooth(m + sd), alpha=.1)
plt.legend()
# %% metrics
for lr in curves:
    print(f"lr={lr:<5} return of the last 50 episodes: {np.mean([c[-50:] for c in curves[lr]]):.3f}")
# %% [markdown]
# ## Actor-critic (half finished)
# %%
class ActorCritic(Agent):
    def __init__(self, *args, lr_v=.2, **kw):
        super().__init__(*args, **kw)
        self.v = np.zeros(len(self.theta))
        self.lr_v = lr_v
    def learn_step(self, s, a, r, s2, done):
        target = r + (0 if done else self.gamma * self.v[s2])
        td = target - self.v[s]
        self.v[s] += self.lr_v * td
        g = -self.probs(s); g[a] += 1
        self.theta[s] += self.lr * td * g
        return td
ac = ActorCritic(env.n, lr=.1)
# %% train
ac_returns = []
for i in range(400):
    s, done, R = env.reset(), False, 0
    while not done:
        a = ac.act(s)
        s2, r, done = env.step(a)
        ac.learn_step(s, a, r, s2, done)
        s = s2; R += r
    ac_returns.append(R)
# %%
plt.plot(smooth(returns), label="reinforce"); plt.plot(smooth(ac_returns), label="actor-critic"); plt.legend()
print(ac.v.round(2))
# %% metrics
test_agent(ac, env), test_agent(agent, env)
# %%
np.savez("agents.npz", reinforce=agent.theta, ac=ac.theta, v=ac.v)
# %%
# eligibility traces??
# class TDLambda(ActorCritic):
#     def learn_step(self, *a): ...
