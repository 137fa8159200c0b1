"""What PyPI calls conda packages. Imports nothing."""

# Conda packages whose PyPI distribution has another name.
PYPI_NAMES = {
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "py-xgboost-gpu": "xgboost",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "tensorflow-base": "tensorflow",
    "tensorflow-mkl": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "pytables": "tables",
    "matplotlib-base": "matplotlib",
    "seaborn-base": "seaborn",
    "dask-core": "dask",
    "ruamel_yaml": "ruamel.yaml",
    "importlib_metadata": "importlib-metadata",
    "python-graphviz": "graphviz",
    "fbprophet": "prophet",
    "psycopg2": "psycopg2-binary",
    "umap-learn": "umap-learn",
    "prometheus_client": "prometheus-client",
    "msgpack-python": "msgpack",
    "pyarrow": "pyarrow",
}
