"""Answers → a project's folder. The only package that imports cookiecutter, and only in its functions.

Our own template:

``answers``       what a project of ours is made from
``own``           the template, and the project made from it

Templates of others, in the order in which things happen:

``foreign``       the whole of it
``userconfig``    the person's own configuration of cookiecutter
``fetching``      where a template comes from: a folder, a zip file, or (``repositories``) a git repository
``choosing``      which one, where there are several
``variables``     what its cookiecutter.json says, and which variable the project's name answers
``environments``  what renders its expressions: all that it asks for, or a sandbox
``questions``     its variables' values: answered, asked for, or by default
``hooks``         its scripts

Both:

``rendering``     files and names
``result``        the project put into its place, and reported
``faults``        what goes wrong, in two lines

Knows neither the terminal nor azureml.
"""

from scaffold.generate.answers import FLAGS, Answers, check_answer
from scaffold.generate.foreign import ForeignTemplate, generate_from
from scaffold.generate.own import generate, prompts, template_folder
from scaffold.generate.questions import Question, Replies
from scaffold.generate.result import Generated

__all__ = [
    "FLAGS",
    "Answers",
    "ForeignTemplate",
    "Generated",
    "Question",
    "Replies",
    "check_answer",
    "generate",
    "generate_from",
    "prompts",
    "template_folder",
]
