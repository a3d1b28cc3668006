"""Libraries by name: which leave their arguments alone, which methods change their objects, what reads and writes."""

from __future__ import annotations

import builtins
from collections.abc import Mapping


def words(text: str) -> frozenset[str]:
    """Make a set of the words in *text*."""
    return frozenset(text.split())


BUILTINS = frozenset(dir(builtins)) | words(
    "get_ipython display In Out _ __ ___ _i _ii _oh _dh exit quit __name__ __file__ __doc__ __builtins__"
)
"""Names that are there without a definition: Python's own and those of IPython."""

# -- libraries --------------------------------------------------------------------------------------------------------

DISPLAY_LIBRARIES = words(
    "matplotlib seaborn plotly bokeh altair IPython pprint graphviz tabulate missingno pandas_profiling "
    "ydata_profiling folium ipywidgets rich wordcloud sweetviz yellowbrick hvplot holoviews panel pydot dtreeviz "
    "torchinfo torchsummary torchviz mpl_toolkits plotnine pygal geoviews datashader adjustText mglearn itables "
    "great_tables watermark"
)
"""Their calls show things and change nothing that training uses."""

QUIET_LIBRARIES = DISPLAY_LIBRARIES | words(
    "(value) (container) (generator) (method) (super) "
    "numpy pandas scipy sklearn statsmodels math cmath statistics time datetime calendar "
    "collections itertools functools operator copy re string textwrap typing types enum dataclasses abc pathlib "
    "os json csv glob fnmatch io pickle joblib hashlib base64 struct decimal fractions numbers uuid inspect "
    "traceback platform getpass tempfile contextlib gc warnings logging sys random heapq bisect array tqdm torch "
    "torchvision torchaudio torchtext torchmetrics tensorflow keras tensorflow_datasets jax flax optax haiku "
    "xgboost lightgbm catboost imblearn category_encoders polars pyarrow dask networkx nltk spacy gensim cv2 PIL "
    "skimage imageio requests urllib bs4 shap lime eli5 umap hdbscan prophet pmdarima datasets evaluate "
    "tokenizers sentencepiece einops timm mlxtend patsy numba sympy psutil optuna hyperopt feature_engine "
    "transformers accelerate pytorch_lightning lightning fastai fastcore yaml toml tomllib zipfile tarfile shutil "
    "subprocess multiprocessing concurrent threading asyncio secrets __future__ signal argparse ast builtins"
)
"""Their functions leave arguments alone, save `CHANGES_ARGUMENTS`; their objects change by `CHANGING_METHODS`."""

PURE_CLASSES_OF = words(
    "(value) (container) "
    "numpy pandas scipy math statistics datetime collections pathlib re json polars pyarrow decimal fractions "
    "dataclasses types random"
)
"""Libraries of values: their objects stay as they are unless a changing method is called."""

SIDE_EFFECT_IMPORTS = ("sklearn.experimental", "google.colab", "dotenv.autoload")
"""Modules that are imported for what importing them does."""

# -- builtins ---------------------------------------------------------------------------------------------------------

CHANGING_BUILTINS = words("setattr delattr next anext")
INTERRUPTING_BUILTINS = words("exit quit input breakpoint open exec eval compile __import__")
"""Builtins that do more than compute: whoever leaves them out changes what happens."""
FRESH_BUILTINS = words(
    "range slice print display len type repr str int float bool complex isinstance issubclass hasattr callable "
    "help dir id input abs round hash format ord chr divmod pow any all bin hex oct ascii breakpoint"
)
"""Builtins whose results hold nothing of what they got."""
LOOKING_BUILTINS = FRESH_BUILTINS - words("any all")
"""Builtins that use up nothing of what they get."""
BUILTIN_TYPES = words("list dict set frozenset str bytes bytearray tuple int float object")
"""Types whose methods may be called through them: `list.append(items, 3)`."""
CONTAINERS = words("list tuple set frozenset dict sorted")
"""Builtins that make a new container of what they go through."""
GOING_THROUGH = CONTAINERS | words("iter next zip map filter enumerate reversed sum min max any all")
"""Builtins that go through what they get."""
_AS_TEXT = words("__str__ __repr__ __format__")
UNASKED_BY: Mapping[str, frozenset[str]] = {
    "len": words("__len__"),
    "abs": words("__abs__"),
    "hash": words("__hash__"),
    "setattr": words("__setattr__"),
    **dict.fromkeys(("print", "str", "repr", "format", "ascii"), _AS_TEXT),
    **dict.fromkeys(
        ("isinstance", "issubclass", "type", "id", "callable", "hasattr", "dir", "help", "vars", "getattr", "super"),
        frozenset[str](),
    ),
}
"""Methods of the notebook's own classes that builtins call."""
UNASKED_BY_OTHERS = words(
    "__iter__ __next__ __getitem__ __len__ __lt__ __gt__ __eq__ __add__ __radd__ __bool__ __index__ __int__ __float__ "
    "__contains__ __round__ __reversed__ __enter__ __exit__ __hash__"
)
HOLDERS = words("functools.partial functools.partialmethod operator.methodcaller")
"""Functions that keep what they get for a call that comes later."""
FIELDS = words("dataclasses.field attr.ib attr.field attrs.field pydantic.Field")
"""What stands in a class for an attribute that each object gets anew."""
FILLED_BY_READING = words("collections.defaultdict")
"""Containers to which a mere look adds."""
PROGRESS = words(
    "tqdm.tqdm tqdm.auto.tqdm tqdm.notebook.tqdm tqdm.std.tqdm tqdm.autonotebook.tqdm tqdm.tqdm_notebook "
    "rich.progress.track fastprogress.progress_bar fastprogress.master_bar fastprogress.fastprogress.progress_bar "
    "fastprogress.fastprogress.master_bar"
)
"""They hand on what they go through, one by one."""

BATCHES = words("torch.utils.data.DataLoader torch.utils.data.dataloader.DataLoader torch_geometric.loader.DataLoader")
"""They put what they go through together in new objects, unless they are told how by `collate_fn`."""

LISTS_OF_LAYERS = words(
    "torch.nn.ModuleList torch.nn.Sequential torch.nn.ModuleDict torch.nn.ParameterList flax.nnx.List"
)
"""Going through them gives what they were made of."""

CONSUMABLE = PROGRESS | words(
    "iter zip map filter enumerate reversed open (generator) csv.reader csv.DictReader itertools.chain"
)
"""What these make is used up by going through it."""

# -- objects ----------------------------------------------------------------------------------------------------------

HOLDER_PREFIXES = ("statsmodels.formula.", "sklearn.pipeline.make_", "sklearn.compose.make_", "imblearn.pipeline.make_")
"""Functions that make an object which holds what they got, as a class does."""

MAKES_DATA = (
    "sklearn.datasets.",
    "sklearn.model_selection.train_test_split",
    "sklearn.utils.shuffle",
    "sklearn.utils.resample",
    "statsmodels.api.add_constant",
    "statsmodels.api.datasets.",
    "seaborn.load_dataset",
)
"""How the names of functions begin whose results are arrays and frames."""

LEAVES_DATA = words("sklearn statsmodels xgboost lightgbm catboost imblearn category_encoders umap hdbscan prophet")
"""Libraries whose objects hold the data that they were made of and never change it."""

MODELS = LEAVES_DATA | words(
    "torch lightning pytorch_lightning keras tensorflow transformers flax optax jax haiku equinox skorch accelerate "
    "torchmetrics torchvision timm peft fastai"
)
"""Libraries whose objects change each other when they are called on, but no values and nothing unknown to them."""

NO_TENSORS = words("torch.load torch.compile torch.jit")
"""Functions of PyTorch that may make models."""

IMMUTABLE = words("polars")
"""Libraries whose values never change, save by `CHANGES_EVEN_THESE`."""
CHANGES_EVEN_THESE = words("extend append insert_column replace_column drop_in_place set_sorted __setitem__")

USUAL_NAMES: Mapping[str, str] = {
    "np": "numpy",
    "pd": "pandas",
    "plt": "matplotlib.pyplot",
    "torch": "torch",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "tf": "tensorflow",
    "random": "random",
    "os": "os",
}
"""Modules that libraries hand on by `import *`, under these names."""

# -- functions --------------------------------------------------------------------------------------------------------

CHANGES_ARGUMENTS = words(
    "numpy.random.shuffle numpy.put numpy.place numpy.putmask numpy.copyto numpy.fill_diagonal "
    "numpy.put_along_axis random.shuffle heapq.heappush heapq.heappop heapq.heapify heapq.heapreplace "
    "heapq.heappushpop bisect.insort bisect.insort_left bisect.insort_right torch.nn.utils.clip_grad_norm "
    "json.dump operator.setitem operator.delitem operator.iadd "
    "torch.optim.swa_utils.update_bn fastcore.basics.patch torch.nn.utils.prune.l1_unstructured "
    "torch.nn.utils.parametrize.register_parametrization"
)
"""Functions of quiet libraries that change what they get all the same; so do those whose names end in `_`."""

FILLED_KEYWORDS = words("out evals_result callbacks callback")
"""Arguments into which a call puts what it finds out."""

CHANGES_DATA: Mapping[str, str] = {"lightgbm.train": "lightgbm.Dataset", "lightgbm.cv": "lightgbm.Dataset"}
"""Functions that put their own bins into data of this kind."""

CHANGES_ARGUMENTS_PREFIXES = ("torch.nn.init.", "operator.i", "torch.quantization.", "flax.training.")

FRESH_FUNCTIONS = words(
    "pandas.concat pandas.merge pandas.get_dummies pandas.cut pandas.qcut pandas.crosstab pandas.pivot_table "
    "pandas.to_numeric pandas.to_datetime pandas.date_range pandas.read_csv numpy.zeros numpy.ones numpy.empty "
    "numpy.full numpy.eye numpy.arange numpy.linspace numpy.logspace numpy.zeros_like numpy.ones_like numpy.where "
    "numpy.concatenate numpy.vstack numpy.hstack numpy.stack numpy.column_stack numpy.c_ numpy.r_ numpy.array "
    "numpy.mean numpy.std numpy.var numpy.sum numpy.sqrt numpy.exp numpy.log numpy.log1p numpy.expm1 numpy.abs "
    "numpy.dot numpy.matmul numpy.outer numpy.argmax numpy.argmin numpy.argsort numpy.sort numpy.unique "
    "numpy.maximum numpy.minimum numpy.clip numpy.round numpy.repeat numpy.tile numpy.meshgrid numpy.bincount "
    "numpy.histogram numpy.percentile numpy.corrcoef numpy.cov numpy.power numpy.tanh numpy.allclose numpy.isnan "
    "numpy.max numpy.min numpy.median numpy.cumsum numpy.diff numpy.prod numpy.mod numpy.floor "
    "sklearn.model_selection.train_test_split sklearn.model_selection.cross_val_score "
    "sklearn.model_selection.cross_validate sklearn.model_selection.cross_val_predict "
    "sklearn.model_selection.learning_curve sklearn.model_selection.validation_curve "
    "sklearn.model_selection.permutation_test_score sklearn.inspection.permutation_importance sklearn.base.clone "
    "copy.deepcopy time.time time.perf_counter torch.zeros torch.ones torch.empty torch.full torch.eye torch.arange "
    "torch.linspace torch.tensor torch.cat torch.stack torch.concat torch.where torch.exp torch.log torch.sqrt "
    "torch.matmul torch.mm torch.bmm torch.einsum torch.softmax torch.sigmoid torch.tanh torch.relu torch.sum "
    "torch.mean torch.std torch.max torch.min torch.argmax torch.abs torch.pow torch.clamp torch.tril torch.triu "
    "torch.multinomial torch.normal torch.bernoulli torch.zeros_like torch.ones_like torch.outer torch.norm torch.topk"
)
"""Functions whose results share nothing with what they got; so do those of `FRESH_PREFIXES`."""

FRESH_PREFIXES = (
    "sklearn.metrics.",
    "sklearn.datasets.",
    "numpy.random.",
    "numpy.linalg.",
    "math.",
    "random.",
    "statistics.",
    "scipy.stats.",
    "time.",
    "jax.numpy.",
    "jax.nn.",
    "jax.lax.",
    "jax.random.",
    "tensorflow.math.",
    "torch.nn.functional.",
    "torch.linalg.",
    "torch.rand",
)

ENVIRONMENT: Mapping[str, str] = {
    "numpy.seterr": "changes an option",
    "numpy.setbufsize": "changes an option",
    "locale.setlocale": "changes an option",
    "socket.setdefaulttimeout": "changes an option",
    "sys.setswitchinterval": "changes an option",
    "gc.disable": "changes an option",
    "gc.enable": "changes an option",
    "tqdm.tqdm.pandas": "adds methods to pandas",
    "tqdm.auto.tqdm.pandas": "adds methods to pandas",
    "tqdm.notebook.tqdm.pandas": "adds methods to pandas",
    "keras.backend.clear_session": "starts Keras anew",
    "tensorflow.keras.backend.clear_session": "starts Keras anew",
    "keras.utils.clear_session": "starts Keras anew",
    "warnings.filterwarnings": "changes which warnings are shown",
    "warnings.simplefilter": "changes which warnings are shown",
    "os.environ.setdefault": "changes os.environ",
    "os.environ.update": "changes os.environ",
    "os.environ.pop": "changes os.environ",
    "os.putenv": "changes os.environ",
    "os.chdir": "changes the working directory",
    "os.makedirs": "makes folders",
    "os.mkdir": "makes folders",
    "os.remove": "removes files",
    "os.unlink": "removes files",
    "os.rename": "moves files",
    "os.replace": "moves files",
    "os.symlink": "makes a link",
    "os.system": "runs a shell command",
    "subprocess.run": "runs a shell command",
    "subprocess.call": "runs a shell command",
    "subprocess.check_call": "runs a shell command",
    "subprocess.check_output": "runs a shell command",
    "subprocess.Popen": "runs a shell command",
    "sys.path.append": "changes sys.path",
    "sys.path.insert": "changes sys.path",
    "sys.path.extend": "changes sys.path",
    "sys.setrecursionlimit": "changes an option",
    "urllib.request.urlretrieve": "downloads a file",
    "nltk.download": "downloads data",
    "gdown.download": "downloads a file",
    "wget.download": "downloads a file",
    "shutil.copy": "copies files",
    "shutil.copyfile": "copies files",
    "shutil.copytree": "copies files",
    "shutil.move": "moves files",
    "shutil.rmtree": "removes files",
    "shutil.unpack_archive": "unpacks an archive",
    "multiprocessing.set_start_method": "changes an option",
    "dotenv.load_dotenv": "changes os.environ",
    "get_ipython.run_line_magic": "runs a magic",
    "get_ipython.run_cell_magic": "runs a magic",
    "get_ipython.system": "runs a shell command",
}
"""Calls that change what is around the variables, in words."""

ENVIRONMENT_METHODS: Mapping[str, str] = {
    "extractall": "unpacks an archive",
    "mkdir": "makes folders",
    "unlink": "removes files",
    "symlink_to": "makes a link",
    "rmdir": "removes files",
    "touch": "makes files",
}

OPTION_NAMES = (
    "set_",
    "enable_",
    "disable_",
    "use_",
    "register",
    "configure",
    "login",
    "init",
    "download",
    "install",
    "mount",
)
"""How functions begin that are called for what they do to their library."""

LOOKS = words("display plotting styler print_changed_only chained_assignment rcParams")
"""Parts of the names of settings that only say how something looks."""

QUIET_EFFECTS = words(
    "time.sleep gc.collect logging.info logging.debug logging.warning logging.error logging.getLogger tqdm.write"
)
"""Calls for their effect that training does not feel."""

# -- files ------------------------------------------------------------------------------------------------------------

READING = words(
    "read_csv read_parquet read_pickle read_json read_hdf read_feather read_excel read_table read_sql read_text "
    "read_bytes load loadtxt genfromtxt fromfile load_model load_weights load_file from_pretrained imread "
    "open open_dataset load_dataset scan_csv scan_parquet ImageFolder loadmat safe_load "
    "read_file image_dataset_from_directory"
)
WRITING = words(
    "to_csv to_parquet to_pickle to_json to_hdf to_feather to_excel save savez savez_compressed savetxt tofile "
    "save_weights save_model save_pretrained dump write_text write_bytes write_csv write_parquet export "
    "urlretrieve imwrite savemat safe_dump export_model write_file save_to_disk"
)
