"""A user's own conda configuration, and the channels that a specification means with it."""

from pathlib import Path

import pytest

from scaffold.workspace.engine.condaconf import CondaSettings, channels_of, masked, packages_of, settings
from scaffold.workspace.engine.matchspec import SpecificationError
from scaffold.workspace.engine.specification import Conda

OWN = CondaSettings(
    channels=("conda-forge", "team"),
    default_channels=("https://mirror.example/main", "https://mirror.example/r"),
    channel_alias="https://mirror.example/",
    custom_channels={"team": "https://team.example", "disk": "/srv/conda"},
    custom_multichannels={"both": ("team", "bioconda")},
)


UNCONFIGURED = CondaSettings()


def urls(*channels: str, configured: CondaSettings = UNCONFIGURED) -> list[str]:
    return [channel.url for channel in channels_of(Conda(channels, ()), configured)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home in which nothing is configured."""
    (tmp_path / ".conda").mkdir()
    return tmp_path


def read(home: Path, **variables: str) -> CondaSettings:
    return settings({"HOME": str(home), "XDG_CONFIG_HOME": str(home / "xdg")} | variables)


def test_without_a_configuration_names_stand_for_what_they_stand_for_everywhere():
    assert urls("conda-forge") == ["https://conda.anaconda.org/conda-forge"]
    assert urls("defaults")[:2] == ["https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r"]
    assert urls("pkgs/main") == ["https://repo.anaconda.com/pkgs/main"]
    assert urls("pytorch/label/dev") == ["https://conda.anaconda.org/pytorch/label/dev"]
    assert urls() == ["https://conda.anaconda.org/conda-forge"]


def test_names_stand_for_what_is_configured():
    assert urls("defaults", "nodefaults", configured=OWN) == [*OWN.default_channels]
    assert urls("bioconda", "nodefaults", configured=OWN) == ["https://mirror.example/bioconda"]
    assert urls("team/nightly", "nodefaults", configured=OWN) == ["https://team.example/team/nightly"]
    assert urls("disk", "nodefaults", configured=OWN) == ["file:///srv/conda/disk"]
    assert urls("both", "nodefaults", configured=OWN) == [
        "https://team.example/team",
        "https://mirror.example/bioconda",
    ]


def test_the_configured_channels_follow_those_of_the_specification_unless_it_says_nodefaults():
    forge, team = "https://mirror.example/conda-forge", "https://team.example/team"

    assert urls("team", configured=OWN) == [team, forge]
    assert urls(configured=OWN) == [forge, team]
    assert urls("pytorch", "nodefaults", configured=OWN) == ["https://mirror.example/pytorch"]


def test_addresses_and_folders_are_channels_too(tmp_path: Path):
    assert urls("https://example.org/channel/", "nodefaults") == ["https://example.org/channel"]
    assert urls("https://example.org/channel/linux-64", "nodefaults") == ["https://example.org/channel"]
    assert urls(str(tmp_path), "nodefaults") == [tmp_path.as_uri()]
    assert urls(tmp_path.as_uri(), "nodefaults") == [tmp_path.as_uri()]
    with pytest.raises(SpecificationError, match="relative path"):
        urls("./channel")


def test_a_channel_that_a_package_names_is_one_of_the_channels():
    conda = Conda(("conda-forge",), ("team::tool=1", "bioconda/linux-64::other", "https://e.org/c::third"))
    configured = CondaSettings(custom_channels=OWN.custom_channels)

    assert [channel.url for channel in channels_of(conda, configured)] == [
        "https://conda.anaconda.org/conda-forge",
        "https://team.example/team",
        "https://conda.anaconda.org/bioconda",
        "https://e.org/c",
    ]
    assert packages_of(conda, configured) == [
        "https://team.example/team::tool=1",
        "https://conda.anaconda.org/bioconda/linux-64::other",
        "https://e.org/c::third",
        "python",
    ]
    assert packages_of(Conda((), ("defaults::python=3.9",)), CondaSettings()) == ["python=3.9"]


@pytest.mark.parametrize(
    ("channel", "public"),
    [
        ("conda-forge", True),
        ("defaults", True),
        ("https://conda.anaconda.org/conda-forge", True),
        ("https://conda.anaconda.org/t/secret/team", False),
        ("https://me:secret@repo.anaconda.com/pkgs/main", False),
        ("https://example.org/channel", False),
        ("/srv/channel", False),
        ("team", False),
    ],
)
def test_packages_of_a_channel_of_the_users_own_are_not_taken_for_public_ones(channel: str, public: bool):
    configured = CondaSettings(custom_channels=OWN.custom_channels)

    assert {found.public for found in channels_of(Conda((channel,), ()), configured)} == {public}


def test_files_are_read_from_the_general_to_the_special_and_lists_are_put_together(home: Path):
    (home / ".conda" / "condarc").write_text(
        "channels: [general, shared]\nchannel_alias: https://general.example\nshow_channel_urls: true\n"
    )
    (home / ".condarc").write_text("channels: [mine, shared]\ncustom_channels: {a: https://a.example}\n")
    special = home / "special.yml"
    special.write_text("channel_alias: https://${HOST}.example\ncustom_channels: {b: https://b.example}\n")

    assert read(home).channels == ("mine", "shared", "general")
    configured = read(home, CONDARC=str(special))
    assert configured.channels == ("mine", "shared", "general")
    assert configured.custom_channels == {"a": "https://a.example", "b": "https://b.example"}


def test_variables_in_a_file_are_filled_in(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CHANNEL_TOKEN", "12345")
    (home / ".condarc").write_text("channels: [https://example.org/t/${CHANNEL_TOKEN}/mine]\n")

    assert read(home).channels == ("https://example.org/t/12345/mine",)


def test_environment_variables_come_before_files(home: Path):
    (home / ".condarc").write_text("channels: [mine]\nchannel_priority: strict\nssl_verify: false\n")

    assert read(home, CONDA_CHANNELS="a,b").channels == ("a", "b")
    assert read(home, CONDA_CHANNEL_ALIAS="https://x.example").channel_alias == "https://x.example"
    assert read(home).channel_priority == "strict"
    assert read(home).ssl_verify is False
    assert read(home, CONDA_SSL_VERIFY="true").ssl_verify is True
    assert read(home, CONDA_SSL_VERIFY="/etc/own.pem").ssl_verify == "/etc/own.pem"


@pytest.mark.parametrize(
    "text", ["channels: [", "channels: {a: b}", "custom_channels: [a]", "channels: \0"], ids=repr
)
def test_a_file_that_conda_could_not_read_is_named_or_its_fault_is(home: Path, text: str):
    (home / ".condarc").write_text(text)

    with pytest.raises(SpecificationError, match="condarc"):
        read(home)


@pytest.mark.parametrize("text", ["", "[]", "text", "null"], ids=repr)
def test_a_file_that_says_nothing_changes_nothing(home: Path, text: str):
    (home / ".condarc").write_text(text)

    assert read(home) == read(home, HOME=str(home / "nobody"))


def test_passwords_and_tokens_are_not_shown():
    assert masked("https://me:secret@example.org/a and https://c.example/t/secret/b") == (
        "https://…@example.org/a and https://c.example/t/…/b"
    )
