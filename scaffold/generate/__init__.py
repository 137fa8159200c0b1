"""Answers → a project's folder. The only package that imports cookiecutter, and only in its functions.

``answers``    what a project of ours is made from
``own``        our template, rendered by cookiecutter
``foreign``    a template of somebody else: by cookiecutter when it is trusted, else by ``sandbox``
``fetching``   where it comes from
``variables``  what it asks
``sandbox``    renders it without running any code of it
``rendering``  calls cookiecutter, and sees that nothing leaves the project
``faults``     what goes wrong, in two lines

Knows neither the terminal nor azureml.
"""

from scaffold.generate.answers import FLAGS, Answers, check_answer
from scaffold.generate.foreign import ForeignTemplate, generate_from
from scaffold.generate.own import generate, prompts, template_folder
from scaffold.generate.result import Generated

__all__ = [
    "FLAGS",
    "Answers",
    "ForeignTemplate",
    "Generated",
    "check_answer",
    "generate",
    "generate_from",
    "prompts",
    "template_folder",
]
