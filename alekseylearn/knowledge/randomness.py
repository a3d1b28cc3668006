"""Random generators by name: what sets them, what draws from them."""

from __future__ import annotations

from collections.abc import Mapping

from alekseylearn.knowledge.libraries import words

SEEDS: Mapping[str, tuple[str, ...]] = {
    "numpy.random.seed": ("NumPy",),
    "numpy.random.set_state": ("NumPy",),
    "random.seed": ("Python",),
    "random.setstate": ("Python",),
    "torch.manual_seed": ("PyTorch",),
    "torch.random.manual_seed": ("PyTorch",),
    "torch.cuda.manual_seed": ("PyTorch on the GPU",),
    "torch.cuda.manual_seed_all": ("PyTorch on the GPU",),
    "torch.set_rng_state": ("PyTorch",),
    "tensorflow.random.set_seed": ("TensorFlow",),
    "tensorflow.keras.utils.set_random_seed": ("Python", "NumPy", "TensorFlow"),
    "keras.utils.set_random_seed": ("Python", "NumPy", "TensorFlow"),
    "transformers.set_seed": ("Python", "NumPy", "PyTorch"),
    "accelerate.utils.set_seed": ("Python", "NumPy", "PyTorch"),
    "pytorch_lightning.seed_everything": ("Python", "NumPy", "PyTorch"),
    "lightning.seed_everything": ("Python", "NumPy", "PyTorch"),
    "lightning.pytorch.seed_everything": ("Python", "NumPy", "PyTorch"),
    "fastai.torch_core.set_seed": ("Python", "NumPy", "PyTorch"),
}
"""Calls that set global random generators, and whose."""

GENERATORS = ("Python", "NumPy", "PyTorch", "TensorFlow")
"""The global random generators that training may draw from."""

DRAWS: tuple[tuple[str, str], ...] = (
    ("numpy.random.", "NumPy"),
    ("random.", "Python"),
    ("torch.rand", "PyTorch"),
    ("torch.normal", "PyTorch"),
    ("torch.bernoulli", "PyTorch"),
    ("torch.multinomial", "PyTorch"),
    ("torch.nn.", "PyTorch"),
    ("torch.utils.data.random_split", "PyTorch"),
    ("torchvision.models.", "PyTorch"),
    ("skorch.NeuralNet", "PyTorch"),
    ("skorch.NeuralNet", "NumPy"),
    ("tensorflow.random.", "TensorFlow"),
    ("tensorflow.keras.", "TensorFlow"),
    ("keras.", "TensorFlow"),
)
"""How the names of functions begin that draw from a global random generator, and whose it is."""
DRAWING = tuple(prefix for prefix, _ in DRAWS)

DRAWS_NOTHING = words(
    "numpy.random.default_rng numpy.random.RandomState numpy.random.Generator numpy.random.SeedSequence "
    "numpy.random.get_state numpy.random.PCG64 random.Random random.getstate random.SystemRandom "
    "torch.random.fork_rng tensorflow.random.Generator tensorflow.random.Generator.from_seed torch.nn.Parameter "
    "torch.nn.ReLU torch.nn.Module torch.nn.Sequential torch.nn.CrossEntropyLoss torch.nn.MSELoss "
    "torch.nn.BCELoss torch.nn.BCEWithLogitsLoss torch.nn.ModuleList torch.nn.Flatten keras.Sequential "
    "tensorflow.keras.Sequential tensorflow.keras.utils.to_categorical keras.utils.to_categorical "
)

SCIPY_DRAWS = words(
    "rvs bootstrap permutation_test monte_carlo_test differential_evolution dual_annealing basinhopping"
)
"""Functions of SciPy that draw from NumPy's generator when they get no `random_state`."""

RANDOMIZED = words(
    "train_test_split make_blobs make_classification make_regression make_moons make_circles make_swiss_roll "
    "make_s_curve make_friedman1 make_friedman2 make_friedman3 make_sparse_uncorrelated "
    "make_multilabel_classification make_hastie_10_2 make_gaussian_quantiles make_biclusters make_checkerboard "
    "make_low_rank_matrix shuffle resample RandomForestClassifier RandomForestRegressor ExtraTreesClassifier "
    "ExtraTreesRegressor DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor "
    "GradientBoostingClassifier GradientBoostingRegressor HistGradientBoostingClassifier "
    "HistGradientBoostingRegressor BaggingClassifier BaggingRegressor AdaBoostClassifier AdaBoostRegressor "
    "IsolationForest RandomTreesEmbedding KMeans MiniBatchKMeans BisectingKMeans SpectralClustering "
    "SpectralBiclustering SpectralCoclustering GaussianMixture BayesianGaussianMixture MLPClassifier MLPRegressor "
    "BernoulliRBM SGDClassifier SGDRegressor SGDOneClassSVM Perceptron PassiveAggressiveClassifier "
    "PassiveAggressiveRegressor LinearSVC LinearSVR TSNE MDS SpectralEmbedding LocallyLinearEmbedding NMF "
    "MiniBatchNMF FastICA TruncatedSVD FactorAnalysis DictionaryLearning MiniBatchDictionaryLearning "
    "LatentDirichletAllocation PCA SparsePCA MiniBatchSparsePCA KernelPCA RandomizedSearchCV HalvingGridSearchCV "
    "HalvingRandomSearchCV ShuffleSplit StratifiedShuffleSplit GroupShuffleSplit RepeatedKFold "
    "RepeatedStratifiedKFold RANSACRegressor TheilSenRegressor GaussianProcessRegressor GaussianProcessClassifier "
    "QuantileTransformer GaussianRandomProjection SparseRandomProjection RBFSampler Nystroem "
    "PolynomialCountSketch SkewedChi2Sampler AffinityPropagation permutation_importance permutation_test_score "
    "EllipticEnvelope MinCovDet NeighborhoodComponentsAnalysis OutputCodeClassifier ParameterSampler TargetEncoder "
    "affinity_propagation dict_learning dict_learning_online fast_mcd fastica k_means kmeans_plusplus "
    "locally_linear_embedding make_sparse_coded_signal make_sparse_spd_matrix make_spd_matrix mutual_info_classif "
    "mutual_info_regression non_negative_factorization quantile_transform randomized_svd "
    "sample_without_replacement smacof spectral_clustering spectral_embedding "
    "IterativeImputer StackingClassifier SMOTE ADASYN RandomOverSampler RandomUnderSampler BorderlineSMOTE UMAP"
)
"""scikit-learn's functions and classes that draw from NumPy's global generator when they get no `random_state`."""

ADVANCES = " (moved on)"
"""Behind the name of a generator: it is moved on, and what comes of it does not matter."""

ADVANCING = words(
    "SVC SVR NuSVC NuSVR OneClassSVM Lasso LassoCV ElasticNet ElasticNetCV GraphicalLasso GraphicalLassoCV "
    "MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso MultiTaskLassoCV"
)
"""scikit-learn's classes whose fit draws a number that does not change its result (seen in 1.2.1 and 1.9.1)."""

LOADING = words("skorch transformers lightning pytorch_lightning fastai accelerate")
"""Libraries whose objects go through loaders of PyTorch: they draw when they train, and move it on by `LOADS`."""

LOADS = words("predict predict_proba score evaluate validate test get_preds show_batch one_batch validation_step")

TRAINS_ON = words("train learn lr_find fine_tune")
"""Methods of these libraries that train, besides those that are called fitting."""

DRAWS_ANYHOW = words("fastai")
"""Libraries whose loaders and learners draw seeds from every generator, whatever is asked of them."""

RANDOMIZED_WITH: Mapping[str, str] = {
    "LogisticRegression": "solver",
    "LogisticRegressionCV": "solver",
    "Ridge": "solver",
    "RidgeClassifier": "solver",
    "Lasso": "selection",
    "LassoCV": "selection",
    "ElasticNet": "selection",
    "ElasticNetCV": "selection",
    "SVC": "probability",
    "NuSVC": "probability",
    "ridge_regression": "solver",
    "silhouette_score": "sample_size",
    "learning_curve": "shuffle",
    "estimate_bandwidth": "n_samples",
    "extract_patches_2d": "max_patches",
    "PatchExtractor": "max_patches",
    "KBinsDiscretizer": "subsample",
    "Lars": "jitter",
    "LassoLars": "jitter",
    "ClassifierChain": "order",
    "RegressorChain": "order",
}
"""The same, when they get this argument; without it they draw nothing."""

MAY_SHUFFLE = words("KFold StratifiedKFold GroupKFold StratifiedGroupKFold DataLoader")
"""They draw when `shuffle` is true and they get no `random_state` or `generator`."""

STATEFUL = words(
    "numpy.random.default_rng numpy.random.RandomState numpy.random.Generator random.Random random.SystemRandom "
    "torch.Generator tensorflow.random.Generator tensorflow.random.Generator.from_seed "
    "sklearn.utils.check_random_state numpy.random.SeedSequence "
)
"""Random generators: every use of one, also as an argument, moves it on."""

_LATER = ("Dropout", "RReLU", "Transformer", "Attention", "RNN", "LSTM", "GRU", "Gumbel", "Noise", "Random")
_ITERATED = ("Loader", "Sampler", "Fold", "Split", "Generator", "Sequence")


def draws_later(dotted: str) -> bool:
    """Whether an object that *dotted* made draws again when it is used; of PyTorch's layers few do."""
    name = dotted.rpartition(".")[2]
    return not dotted.startswith("torch.nn.") or any(part in name for part in _LATER)


def draws_when_iterated(origin: str) -> bool:
    """Whether going through an object that *origin* made may draw, as going through a loader that shuffles does."""
    return origin.endswith(_ITERATED)
