"""Training and measuring by name."""

from __future__ import annotations

import re

from alekseylearn.knowledge.libraries import words

# -- training -----------------------------------------------------------------------------------------------------

FITTING = words(
    "fit fit_predict partial_fit fit_one_cycle fine_tune fit_generator train_on_batch fit_flat_cos fit_sgdr "
    "fit_regularized fit_constrained learn_one learn_many lr_find "
    "grid_search randomized_search hyperparameter_search train_model"
)
UPDATING = words("apply_gradients apply_updates train_on_batch")
TRAINERS = (
    "trainer", "learner", "estimator", "agent", "booster", "engine", "algo", "ppo", "dqn", "a2c", "sac", "yolo",
    "tuner",
)  # fmt: skip
"""How objects are called whose `.train()` or `.learn()` trains; on others it only switches the mode."""
TRAINING_FUNCTIONS = words(
    "xgboost.train xgboost.cv lightgbm.train lightgbm.cv catboost.train catboost.cv "
    "sklearn.model_selection.cross_val_score sklearn.model_selection.cross_validate "
    "sklearn.model_selection.learning_curve "
    "sklearn.model_selection.validation_curve sklearn.model_selection.permutation_test_score "
    "sklearn.linear_model.lasso_path sklearn.linear_model.enet_path sklearn.linear_model.lars_path "
    "sklearn.linear_model.ridge_regression sklearn.cluster.k_means sklearn.cluster.dbscan "
    "sklearn.cluster.mean_shift sklearn.cluster.spectral_clustering sklearn.cluster.affinity_propagation "
    "accelerate.notebook_launcher optax.apply_updates scipy.optimize.curve_fit scipy.optimize.minimize "
    "scipy.optimize.least_squares scipy.optimize.nnls scipy.optimize.lsq_linear scipy.optimize.differential_evolution "
    "scipy.optimize.basinhopping scipy.cluster.vq.kmeans scipy.cluster.vq.kmeans2 scipy.odr.ODR.run "
    "jax.scipy.optimize.minimize tune.run ray.tune.run hyperopt.fmin optuna.integration.lightgbm.train "
    "pymc.sample pymc.fit pymc3.sample pymc3.fit pm.sample pmdarima.auto_arima pmdarima.arima.auto_arima "
    "fasttext.train_supervised fasttext.train_unsupervised surprise.model_selection.cross_validate "
    "prophet.diagnostics.cross_validation spacy.cli.train.train spacy.cli.train implicit.evaluation.train "
    "numpyro.infer.MCMC.run river.evaluate.progressive_val_score river.evaluate.iter_progressive_val_score "
    "sktime.forecasting.model_evaluation.evaluate sktime.classification.model_evaluation.evaluate "
    "sktime.benchmarking.evaluate sklearn.model_selection.cross_val_predict"
)
TRAINING_METHODS = {
    "optimize": ("optuna", "skopt", "bayes_opt", "nevergrad"),
    "search": ("keras_tuner", "kerastuner", "autokeras", "autosklearn"),
    "maximize": ("bayes_opt",),
    "sampling": ("pystan", "stan"),
    "sample": ("cmdstanpy", "stan", "emcee"),
    "run_mcmc": ("emcee",),
    "run": ("ignite", "numpyro", "pyro", "jaxopt", "blackjax"),
    "train": ("h2o", "tpot", "flair", "spacy"),
    "fit_transform": ("bertopic", "sklearn.decomposition.LatentDirichletAllocation", "sklearn.decomposition.NMF"),
    "hyperparameter_search": ("transformers",),
    "minimize": ("tensorflow", "keras"),
    "sweep": ("wandb",),
    "step": ("pyro", "torch.optim", "tensorflow.keras.optimizers"),
    "historical_forecasts": ("darts",),
    "backtest": ("darts",),
    "cross_validation": ("statsforecast", "neuralforecast", "mlforecast"),
    "forecast": ("statsforecast",),
    "query_and_teach": ("modAL",),
    "teach": ("modAL",),
}
"""Methods that train by the library that made their object."""
TRAINING_CLASSES = words("Word2Vec FastText Doc2Vec LdaModel LdaMulticore LsiModel HdpModel NmfModel")
"""Classes that train as soon as they are made with data."""
LOW_CODE = words(
    "compare_models create_model tune_model blend_models stack_models ensemble_model calibrate_model finalize_model "
    "automl"
)
"""Functions and methods of PyCaret that train."""
FITTING_LIBRARIES = words("xgboost lightgbm catboost fasttext")
NEVER_FITTING = words("numpy pandas scipy")
TRAINS_BY_NAME = re.compile(
    r"(?:train|fit|finetune|fine_tune|pretrain)"
    r"(?:_(?!.*(?:split|loader|data|set|path|dir|transform|config|args|test))\w+)?\Z"
)
TRAINING_COMMAND = re.compile(
    r"(?:\b(?:python[\d.]*|torchrun|launch|uv run|poetry run)\s[^|;&\n]*?(?<=[/\s_-])(?:train|finetune|fit)\w*\.py\b"
    r"|\byolo\b.*\btrain\b|\bspacy train\b|\brasa train\b)"
)
SMOOTHERS = words(
    "numpy.polyfit numpy.linalg.lstsq numpy.polynomial.Polynomial.fit scipy.linalg.lstsq scipy.stats.linregress "
    "jax.numpy.linalg.lstsq torch.linalg.lstsq"
)
"""Least squares: a model where nothing is drawn beside it, else a line through a picture."""
GRADIENTS = words("grad value_and_grad jacfwd jacrev jacobian hessian elementwise_grad GradientTape vjp jvp")
"""How functions are called that make gradients."""
WRAPPERS = words(
    "jit pmap vmap partial function compile wraps lru_cache cache checkpoint grad value_and_grad jacfwd jacrev hessian "
    "delayed remote no_grad inference_mode filter_jit filter_value_and_grad print help display getsource isinstance "
    "callable len type id repr str dict list tuple zip set enumerate append register update setattr njit typed_load"
)
"""Calls that get functions without running them."""
ASSEMBLING = words(
    "Pipeline make_pipeline FeatureUnion make_union ColumnTransformer make_column_transformer clone deepcopy copy list "
    "dict sorted zip enumerate tuple reversed next iter set items values FunctionTransformer DataFrameMapper"
)
"""Calls whose results hold, or are, what they get."""

MAPS = words("map imap starmap apply applymap agg transform vmap pmap submit Parallel apply_async gather run")
"""Calls that give back what the functions that they get give back."""

_USUAL = {"np": "numpy", "plt": "matplotlib.pyplot"}
BROUGHT = {
    "fastai": {**_USUAL, "pd": "pandas", "torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional"},
    "fastbook": {**_USUAL, "pd": "pandas", "torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional"},
    "pylab": _USUAL,
}
"""What comes with `from library import *` under its usual name."""

# -- preparing ----------------------------------------------------------------------------------------------------

PREPROCESSOR_MODULES = (
    "sklearn.preprocessing",
    "sklearn.impute",
    "sklearn.feature_extraction",
    "sklearn.feature_selection",
    "sklearn.decomposition",
    "sklearn.manifold",
    "sklearn.random_projection",
    "sklearn.kernel_approximation",
    "sklearn.compose.ColumnTransformer",
    "sklearn.compose.make_column_transformer",
    "category_encoders",
    "feature_engine",
    "imblearn.over_sampling",
    "imblearn.under_sampling",
    "imblearn.combine",
    "umap",
    "openTSNE",
    "scipy.stats",
    "scipy.interpolate",
    "tokenizers",
    "sentencepiece",
    "statsmodels.tsa.seasonal",
    "statsmodels.nonparametric",
    "sklearn_pandas",
    "pyspark.ml.feature",
    "tslearn.preprocessing",
    "sktime.transformations",
    "darts.dataprocessing",
    "river.preprocessing",
    "nltk",
)
NEURAL_LIBRARIES = words(
    "torch transformers sentence_transformers tensorflow keras keras_nlp keras_hub simpletransformers tsai flair jax "
    "flax haiku equinox trl peft setfit mxnet paddle"
)
"""A `Transformer` of these is a network."""
TOPIC_MODELS = ("LatentDirichletAllocation", "NMF", "MiniBatchNMF", "DictionaryLearning")
"""Decompositions that are looked at as models."""
PREPROCESSOR_ENDINGS = (
    "Scaler", "Encoder", "Vectorizer", "Vectoriser", "Imputer", "Tokenizer", "Binarizer", "Discretizer", "Normalizer",
    "PCA", "TSNE", "UMAP", "Transformer", "Features", "SelectKBest", "TruncatedSVD", "Preprocessor", "Normalization",
    "TextVectorization", "FactorAnalysis", "FastICA", "STL", "DataGenerator", "StringLookup", "IntegerLookup",
    "Indexer", "Assembler",
    "Selector", "SelectPercentile", "VarianceThreshold", "RFE", "RFECV", "SelectFromModel", "Cleaner", "Winsorizer",
)  # fmt: skip
PREPROCESSOR_WORDS = words(
    "scaler encoder ordinal onehot ohe vectorizer vectoriser imputer tokenizer tfidf pca tsne umap binarizer "
    "normalizer preprocess preprocessor preprocessing selector poly mlb le lbl ss mms svd transformer vect datagen"
)
PREPROCESSOR_WORD_ENDINGS = (
    "scaler",
    "labelencoder",
    "onehotencoder",
    "vectorizer",
    "imputer",
    "tokenizer",
    "binarizer",
)
"""How variables are called that hold preprocessors, where nothing better is known about them."""
MODEL_MIXINS = ("RegressorMixin", "ClassifierMixin", "ClusterMixin", "OutlierMixin", "DensityMixin")

# -- measuring ----------------------------------------------------------------------------------------------------

SHOWS = ("plot", "show", "draw", "display", "visual", "animate")
"""How functions are called that show something, whatever they measure on the way."""
DRAWING = words(
    "plot hist boxplot scatter bar barh pie line area kde density hexbin imshow savefig heatmap legend title xlabel "
    "ylabel plot_importance plot_tree"
)
"""Methods that draw."""

MEASURING = words(
    "score evaluate test validate accuracy_score f1_score precision_score recall_score roc_auc_score "
    "average_precision_score log_loss r2_score mean_squared_error root_mean_squared_error mean_absolute_error "
    "mean_absolute_percentage_error median_absolute_error mean_squared_log_error max_error "
    "explained_variance_score balanced_accuracy_score matthews_corrcoef cohen_kappa_score jaccard_score "
    "hamming_loss zero_one_loss brier_score_loss hinge_loss fbeta_score precision_recall_fscore_support "
    "classification_report silhouette_score davies_bouldin_score calinski_harabasz_score adjusted_rand_score "
    "normalized_mutual_info_score completeness_score homogeneity_score v_measure_score ndcg_score "
    "top_k_accuracy_score d2_tweedie_score mean_pinball_loss mean_poisson_deviance mean_gamma_deviance dcg_score "
    "auc cross_val_score cross_validate rmse mae mse mape smape perplexity word_error_rate bleu_score "
    "confusion_matrix multilabel_confusion_matrix concordance_index wasserstein_distance evaluate_generator "
    "print_classification_report adjusted_mutual_info_score rand_score fowlkes_mallows_score silhouette_samples "
    "accuracy precision recall rmsle sentence_bleu corpus_bleu evaluate_model test_model eval_model get_accuracy "
    "get_best_score corpus_score precision_at_k recall_at_k auc_score cross_entropy binary_cross_entropy "
    "binary_cross_entropy_with_logits most_confused plot_confusion_matrix plot_top_losses leaderboard get_leaderboard "
    "performance_metrics eval_metrics model_performance log_perplexity get_coherence get_coherence_per_topic "
    "check_accuracy ndcg_at_k mrr hit_rate mean_average_precision word_analogies explained_variance bits_per_byte "
    "progressive_val_score"
)
LOGGING = words("log_metric log_metrics add_scalar add_scalars")
"""How metrics are logged: by us, MLflow, dvclive, Lightning's loggers and TensorBoard's writers."""
METRICS_FILE = re.compile(r"(?:^|[/\\])metrics\.(?:json|ya?ml)\Z")
"""A file of metrics as DVC's users call it."""
MEASURE_ENDINGS = ("_score", "_error", "_loss", "_accuracy", "_auc", "_rmse", "_mae", "_mse", "_f1", "_r2")
MEASURING_OF = {
    "summary": ("statsmodels", "lifelines", "linearmodels", "arch"),
    "summary2": ("statsmodels",),
    "print_summary": ("lifelines",),
    "bic": ("sklearn",),
    "aic": ("sklearn",),
    "eval": ("xgboost", "lightgbm"),
    "eval_valid": ("lightgbm",),
    "compute": ("torchmetrics",),
    "result": ("keras", "tensorflow"),
    "results_summary": ("keras_tuner", "kerastuner"),
    "trials_dataframe": ("optuna",),
    "losses": ("hyperopt",),
    "get": ("river.metrics",),
    "val": ("ultralytics",),
    "loo": ("arviz",),
    "waic": ("arviz",),
    "compare": ("arviz",),
    "r2_score": ("arviz",),
    "auc": ("h2o",),
    "get_metric": ("ignite", "allennlp"),
}
"""Methods that measure by the library that made their object."""
MEASURE_ATTRIBUTES = words(
    "best_score_ cv_results_ rsquared rsquared_adj prsquared aic bic llf deviance pearson_chi2 mse_resid oob_score_ "
    "callback_metrics logged_metrics best_value best_metric best_model_score inertia_ concordance_index_ "
    "AIC_ validation_scores_ best_score loss_ reconstruction_err_ best_loss_ best_loss areaUnderROC "
    "log_marginal_likelihood_value_ relative_validity_ log_likelihood_ map50 best_trial_score leaderboard"
)
"""Attributes of fitted objects that are measures."""
FIGURES_OF = {
    "value": ("optuna",),
    "values": ("optuna",),
    "fun": ("scipy.optimize",),
    "rvalue": ("scipy.stats",),
    "resid_std_err": ("statsmodels",),
}
"""Attributes that are measures, by the library that made their object."""
COURSES = words("history log_history callback_metrics metrics evals_result_ loss_curve_ validation_curve_")
"""Attributes in which training leaves its course."""
FOLDED = words("xgboost.cv lightgbm.cv catboost.cv")
"""Functions that train, and give back a table of measures."""
MEASURES_BY_NAME = re.compile(r"(?:test|eval|evaluate|validate|assess|measure|score|benchmark|hit|win)_?\w*\Z")
"""How functions of a notebook are called that measure, where they work out an average or a share."""
LOSSES = re.compile(
    r"(?:torch\.nn\.\w*Loss"
    r"|torch\.nn\.functional\.(?:\w*_loss|\w*cross_entropy\w*|kl_div)"
    r"|(?:tensorflow\.)?keras\.losses\.\w+"
    r"|optax\.(?:losses\.)?\w*(?:cross_entropy|_loss)\w*)\Z"
)
MEASURE_WORDS = words(
    "acc accuracy loss rmse mae mse mape smape r2 f1 auc roc score error precision recall perplexity bleu rouge "
    "iou dice metric metrics logloss kappa mcc silhouette inertia ari nmi inercia fehler verlust genauigkeit erro "
    "exactitud acuracia erreur perte perdida aciertos wape rmsle fitness map50 ndcg mrr nll elbo psnr ssim coherence"
)
"""Words in the names of variables that hold a measure."""
TELLS_MEASURE = re.compile(
    r"\b(?:accurac\w+|acc|rmse|rms|mae|mse|mape|wape|smape|r2|r²|r\^2|auc|roc|f1|f1-score|precision|recall|loss|score|"
    r"error|perplexity|bleu|iou|dice|logloss|kappa|mcc|silhouette|ari|nmi|fehler|genauigkeit|exactitud|fitness|"
    r"success(?:es)?(?: rate)?|win rate|log[- ]?lik\w*|likelihood|coherence|nll|elbo|ndcg|mrr|psnr|ssim|brier|gini|"
    r"misclassified|misclassification\w*|treffer|aciertos|"
    r"acur[aá]cia|pr[eé]cision|errore?|erro|hit rate|rewards?|return|premio|recompensa|récompense|belohnung)\b",
    re.IGNORECASE,
)
"""Words beside a printed figure that say what it measures."""
PICKS = words("idxmax idxmin argmax argmin index keys nunique columns shape len argsort")
"""What they give back of figures is no figure."""


_WORD = re.compile(r"[^\W_]+")


def is_measure(name: str) -> bool:
    """Whether a function or method of this name measures how good something is."""
    if name in MEASURING:
        return True
    if name.startswith(("get_score", "plot", "show", "make_", "log_")):
        return False
    return name.endswith(MEASURE_ENDINGS) or name.startswith("evaluate_")


def names_a_measure(variable: str) -> bool:
    """Whether a variable of this name holds a measure, such as `val_acc`."""
    return bool(MEASURE_WORDS & set(_WORD.findall(variable.lower())))


def is_figure_attribute(attribute: str) -> bool:
    """Whether an attribute is named as learned measures are: `errors_`, `train_score_`."""
    parts = _WORD.findall(attribute.lower())
    return (
        attribute.endswith("_")
        and not attribute.endswith("__")
        and any(MEASURE_WORDS & {part, part.removesuffix("s")} for part in parts)
    )
