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
    "numpy pandas scipy math statistics datetime collections pathlib re json polars pyarrow decimal fractions"
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
CONSUMABLE = words("iter zip map filter enumerate reversed open (generator) csv.reader csv.DictReader itertools.chain")
"""What these make is used up by going through it."""

# -- methods ----------------------------------------------------------------------------------------------------------

ADDING_METHODS = words(
    "append extend insert add update setdefault push put enqueue appendleft extendleft write writelines "
    "__setitem__ add_module register_buffer register_parameter register_forward_hook add_param_group assign_add "
    "assign_sub"
)
"""They change their object itself, which holds their arguments from then on."""

CHANGING_METHODS = words(
    "pop popitem clear remove discard sort reverse popleft rotate subtract intersection_update difference_update "
    "symmetric_difference_update __delitem__ fill resize setflags itemset put partition byteswap fit "
    "fit_transform fit_predict fit_resample fit_one_cycle fit_generator fine_tune partial_fit train train_model "
    "learn train_on_batch train_step train_epoch backward step zero_grad load_state_dict compile build "
    "set_weights load_weights to cuda half eval freeze unfreeze set_params "
    "set_output adapt search tune optimize apply_gradients minimize seed manual_seed shuffle close seek read "
    "readline readlines send __next__ reset reset_states reset_parameters init_weights initialize "
    "setup register watch add_pipe begin_training resume_training prune "
    "quantize fuse attach share_memory prepare lr_find send_to_device set_format set_transform "
    "enable_gradient_checkpointing gradient_checkpointing_enable add_adapter"
)
"""They change their object and what it was made of, such as the network that an optimizer holds."""

GRAPH_METHODS = words("backward minimize gradient")
"""They change everything that their object was computed from."""

FRESH_METHODS = words(
    "score mean std var sum min max median item count nunique describe info upper lower strip split join "
    "startswith endswith format encode decode index find title lstrip rstrip splitlines zfill isdigit isalpha "
    "get_params get_config get_depth get_n_leaves evaluate quantile corr cov skew kurt argmax argmin idxmax "
    "idxmin value_counts unique to_csv to_parquet to_json to_excel to_feather to_hdf to_pickle to_string "
    "to_markdown to_html savefig exists is_file is_dir read_text read_bytes predict predict_proba "
    "predict_log_proba decision_function tolist any all memory_usage strftime isoformat total_seconds dot cumsum "
    "cumprod round copy astype assign join explode reindex "
    "drop dropna fillna replace rename reset_index set_index sort_values sort_index "
    "drop_duplicates merge pivot pivot_table melt stack unstack agg aggregate apply map applymap query nlargest "
    "nsmallest sample flatten repeat clip diff shift isna isnull notna notnull between isin abs rank toarray "
    "todense clone select_dtypes combine_first interpolate pct_change standard_normal normal uniform integers "
    "exp log log1p sqrt pow softmax log_softmax sigmoid tanh relu matmul bmm mm argsort topk clamp masked_fill "
    "logsumexp index_select square norm sub mul div neg eq ne lt le gt ge logical_and logical_or cross_entropy "
    "rmul rsub "
    "choice permutation random rand randn randint duplicated mode inverse_transform transform classes"
)
"""Their results are new objects: what is done to these does not change the object itself."""

PURE_METHODS = FRESH_METHODS | words(
    "head tail filter groupby rolling expanding resample detach values items keys get view reshape ravel squeeze "
    "transpose T iterrows itertuples loc iloc at iat shape size ndim dtype dtypes numpy to_numpy to_dict to_frame "
    "to_list columns index str dt cat plot hist boxplot scatter bar line show pie barh area kde density hexbin "
    "imshow legend set_title set_xlabel set_ylabel set_xlim set_ylim set_xticks set_yticks set_xticklabels "
    "set_yticklabels grid tight_layout axis axhline axvline colorbar text annotate add_subplot subplots suptitle "
    "fill_between contourf contour xticks yticks errorbar matshow set_yscale set_xscale twinx style "
    "background_gradient summary params conf_int print_summary plot_importance state_dict parameters "
    "named_parameters children modules named_modules named_children get_weights get_booster get_support "
    "get_feature_names_out nonzero unsqueeze permute expand unbind chunk most_common elements total issubset "
    "issuperset union intersection difference isdisjoint symmetric_difference __iter__ __len__ __enter__ __exit__ "
    "cpu dim numel element_size lower_bound as_posix joinpath with_suffix glob rglob iterdir resolve bit_length "
    "conjugate hexdigest digest feature_importances_ coef_ inertia_ best_params_ best_score_ best_estimator_ "
    "cv_results_ get_submodule get_layer "
)
"""They change nothing that they are called on or get."""

_ALSO_CHANGING = words(
    "pop popitem clear remove discard sort reverse popleft fit partial_fit fit_transform backward fill"
)


def changes(method: str) -> bool:
    """Whether a method of this name changes its object, and the name is hardly that of a mere attribute."""
    return (
        method in ADDING_METHODS
        or method in _ALSO_CHANGING
        or (method.endswith("_") and method[:1] != "_" and method not in PURE_METHODS)
    )


PLAIN_CLASSES = words("(container) (value) collections.deque collections.Counter collections.defaultdict")
"""What makes objects of which adding something changes nothing but themselves."""
TENSOR_METHODS = words("add")
TENSOR_LIBRARIES = words("torch numpy pandas polars jax tensorflow")
"""Where `add` is a sum, not the growing of a set."""
LAYERS = ("torch.nn.",)
PASSING_ON = ("Identity", "Flatten", "Dropout", "ReLU", "Sequential", "ModuleList", "ModuleDict")
"""Endings of layers that may hand out what they got; others make something new."""
RUNNING_LAYERS = ("BatchNorm", "InstanceNorm", "Lazy", "Module", "Parametriz", "Spectral", "Ema", "Average")
"""Words in the names of layers that keep running figures; all others stay as they are when they are called."""

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

DATA_LIBRARIES = words("(value) (container) numpy pandas polars pyarrow")

GIVES_ITSELF = words("fit partial_fit set_params set_output adapt compile build fit_generator")
"""Their result is the object itself, or something that holds it, and never what they got."""

GIVES_DATA = words("fit_transform fit_predict fit_resample transform")
"""Their result may be what they got, and never the object itself."""

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

HELD_ARGUMENTS_CHANGE = ("Trainer", "Learner", "Accelerator", "Fabric", "Engine", "Experiment", "Tuner")
"""Endings of classes whose methods change their arguments: `Trainer().fit(model, data)` trains the model."""

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
