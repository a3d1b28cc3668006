# trap: magics for plots, extensions and help are nothing that training needs
# %% drop
%matplotlib inline
%config InlineBackend.figure_format = "retina"
# %% drop
%load_ext autoreload
%autoreload 2
# %% keep
values = [1, 2]
# %% drop
values?
# %% drop
?len
# %% drop
%whos
# %% drop
%%html
<b>bold</b>
# %% drop
%%markdown
# Title
# %% train tags=train
result = values
