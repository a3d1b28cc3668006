"""Training and measuring by name."""

from __future__ import annotations

from alekseylearn.knowledge.libraries import words

FITTING = words(
    "fit fit_predict partial_fit fit_one_cycle fine_tune fit_generator train_on_batch fit_flat_cos fit_sgdr"
)
UPDATING = words("backward apply_gradients apply_updates ")
TRAINERS = ("trainer", "learner", "estimator", "agent", "booster", "engine", "algo", "ppo", "dqn", "a2c", "sac", "yolo")
"""How objects are called whose `.train()` or `.learn()` trains; on others it only switches the mode."""
TRAINING_FUNCTIONS = words(
    "xgboost.train xgboost.cv lightgbm.train lightgbm.cv catboost.train catboost.cv "
    "sklearn.model_selection.cross_val_score sklearn.model_selection.cross_validate "
    "sklearn.model_selection.cross_val_predict sklearn.model_selection.learning_curve "
    "sklearn.model_selection.validation_curve accelerate.notebook_launcher optax.apply_updates "
    "scipy.optimize.curve_fit scipy.optimize.minimize tune.run hyperopt.fmin"
)
FITTING_LIBRARIES = words("xgboost lightgbm catboost fasttext")
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
    "umap",
)
PREPROCESSOR_ENDINGS = (
    "Scaler", "Encoder", "Vectorizer", "Imputer", "Tokenizer", "Binarizer", "Discretizer", "Normalizer", "PCA", "TSNE",
    "UMAP", "Transformer", "Features", "SelectKBest", "TruncatedSVD", "Preprocessor", "Normalization",
    "TextVectorization",
)  # fmt: skip
PREPROCESSOR_WORDS = words(
    "scaler encoder ordinal onehot ohe vectorizer vectoriser imputer tokenizer tfidf pca tsne umap binarizer "
    "normalizer preprocess preprocessor preprocessing selector poly mlb le lbl ss mms svd"
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

SHOWS = ("plot", "show", "draw", "display", "visual", "animate")
"""How functions are called that show something, whatever they measure on the way."""

MEASURING = words(
    "score evaluate test validate accuracy_score f1_score precision_score recall_score roc_auc_score "
    "average_precision_score log_loss r2_score mean_squared_error root_mean_squared_error mean_absolute_error "
    "mean_absolute_percentage_error median_absolute_error mean_squared_log_error max_error "
    "explained_variance_score balanced_accuracy_score matthews_corrcoef cohen_kappa_score jaccard_score "
    "hamming_loss zero_one_loss brier_score_loss hinge_loss fbeta_score precision_recall_fscore_support "
    "classification_report silhouette_score davies_bouldin_score calinski_harabasz_score adjusted_rand_score "
    "normalized_mutual_info_score completeness_score homogeneity_score v_measure_score ndcg_score "
    "top_k_accuracy_score d2_tweedie_score mean_pinball_loss mean_poisson_deviance mean_gamma_deviance dcg_score "
    "auc cross_val_score cross_validate rmse mae mse mape smape perplexity word_error_rate bleu_score"
)
MEASURE_ENDINGS = ("_score", "_error", "_loss", "_accuracy", "_auc", "_rmse", "_mae", "_mse", "_f1", "_r2")
MEASURE_WORDS = words(
    "acc accuracy loss rmse mae mse mape smape r2 f1 auc roc score error precision recall perplexity bleu rouge "
    "iou dice metric metrics logloss kappa mcc silhouette inertia ari nmi"
)
"""Words in the names of variables that hold a measure."""


def is_measure(name: str) -> bool:
    """Whether a function or method of this name measures how good something is."""
    return name in MEASURING or name.endswith(MEASURE_ENDINGS)


def is_telling(name: str, dotted: str) -> bool:
    """Whether a call of this name may train or measure."""
    return (
        name in FITTING
        or name in UPDATING
        or name in ("train", "learn")
        or dotted in TRAINING_FUNCTIONS
        or is_measure(name)
    )


def names_a_measure(variable: str) -> bool:
    """Whether a variable of this name holds a measure, such as `val_acc`."""
    return bool(MEASURE_WORDS & set(variable.lower().split("_")))
