"""What run_experiment.py submits, and where to."""

# The compute target of the workspace; the local workspace takes any name.
TARGET_NAME = {{ cookiecutter.compute_target|tojson }}

# The experiment's name is also the name of its folder: the only folder that travels.
EXPERIMENT_NAME = {{ cookiecutter.experiment_name|tojson }}
SCRIPT_NAME = {{ cookiecutter.script_name|tojson }}
ARGUMENTS = ["--steps", "20", "--learning-rate", "0.1"]

# "requirements.txt" is read by pip, "environment.yml" by conda: this line chooses.
ENVIRONMENT_FILE = {{ "environment.yml"|tojson if cookiecutter.environment_kind == "conda" else "requirements.txt"|tojson }}
ENVIRONMENT_NAME = {{ cookiecutter.environment_name|tojson }}

# For requirements.txt; environment.yml names its Python itself.
PYTHON_VERSION = {{ cookiecutter.python_version|tojson }}
{% if cookiecutter.sdk != "v1" %}
# What 'scaffold submit' goes through: "v1" is azureml-core, "v2" azure-ai-ml.
SDK = {{ "v2"|tojson if cookiecutter.sdk == "v2" else "v1"|tojson }}
{% endif %}