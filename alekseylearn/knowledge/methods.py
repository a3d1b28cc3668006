"""Methods by name: which change their objects, whose results are new, what layers keep."""

from __future__ import annotations

from alekseylearn.knowledge.libraries import words

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

SAME_KIND = words("copy clone")
"""What they give is another of what they are called on; other results of learners are data."""

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
MOVING = words("to cuda cpu float double half bfloat16 type")
"""What they do to a module in place they do to a tensor by making another."""
KEEPING_GRADIENT = words("requires_grad_ retain_grad")
LAYERS = ("torch.nn.", "flax.linen.", "flax.nnx.", "equinox.nn.")
WITHOUT_WEIGHTS = ("Loss", "ReLU", "GELU", "Sigmoid", "Tanh", "Softmax", "Dropout", "Flatten", "Identity")
"""Endings of layers to which backward passes write nothing."""
PASSING_ON = ("Identity", "Flatten", "Dropout", "ReLU", "Sequential", "ModuleList", "ModuleDict")
"""Endings of layers that may hand out what they got; others make something new."""
RUNNING_LAYERS = (
    "BatchNorm", "InstanceNorm", "Lazy", "Module", "Parametriz", "Spectral", "Ema", "Average", "nnx.Dropout",
)  # fmt: skip
"""Words in the names of layers that keep running figures; all others stay as they are when they are called."""

GIVES_ITSELF = words(
    "fit partial_fit set_params set_output adapt compile build fit_generator to cuda cpu astype type_as eval train"
)
"""Their result is the object itself, or something that holds it, and never what they got."""

GIVES_DATA = words("fit_transform fit_predict fit_resample transform")
"""Their result may be what they got, and never the object itself."""

RECORDED = words("evaluate validate test predict get_preds")
RECORDING_LIBRARIES = words("transformers lightning pytorch_lightning fastai")
"""Where these methods write down in the object what came out."""

UPDATES_ARGUMENTS = words("apply_gradients apply minimize")
"""Methods of optimizers that move the variables that they are handed."""

HELD_ARGUMENTS_CHANGE = ("Trainer", "Learner", "Accelerator", "Fabric", "Engine", "Experiment", "Tuner")
"""Endings of classes whose methods change their arguments: `Trainer().fit(model, data)` trains the model."""
