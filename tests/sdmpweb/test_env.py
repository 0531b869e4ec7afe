"""Settings from outside: read, checked, and wrong ones refused with one sentence."""

from pathlib import Path

import pytest

from sdmpweb.env import SETTINGS, WrongEnvironment, allowed_hosts, read, split_address


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_setting_has_a_default_that_passes() -> None:
    assert set(read({})) == {setting.name for setting in SETTINGS}


def test_every_setting_says_what_it_means() -> None:
    assert all(setting.meaning for setting in SETTINGS)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("SDMPWEB_ADDRESS", "mail.example.org:443", "mail.example.org:443"),
        ("SDMPWEB_ADDRESS", "[2001:db8::1]:8000", "[2001:db8::1]:8000"),
        ("SDMPWEB_ADDRESS", "", ""),
        ("SDMPWEB_URL", "https://mail.example.org/", "https://mail.example.org"),
        ("SDMPWEB_URL", "http://[::1]:8000", "http://[::1]:8000"),
        ("SDMPWEB_ALLOW_PRIVATE", "yes", True),
        ("SDMPWEB_ALLOW_PRIVATE", "0", False),
        ("SDMPWEB_USER_KEY_BITS", "4096", 4096),
        ("SDMPWEB_HOST", "[::1]", "::1"),
        ("DATABASE_URL", "postgres://a:b@c/d", "postgres://a:b@c/d"),
        ("REDIS_URL", "redis://localhost:6379/1", "redis://localhost:6379/1"),
    ],
)
def test_value_is_read(name: str, text: str, value: object) -> None:
    assert read({name: text})[name] == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SDMPWEB_DATA", ""),
        ("SDMPWEB_ADDRESS", "mail.example.org"),
        ("SDMPWEB_ADDRESS", "mail.example.org:0"),
        ("SDMPWEB_ADDRESS", "mail.example.org:70000"),
        ("SDMPWEB_ADDRESS", "300.1.1.1:80"),
        ("SDMPWEB_ADDRESS", "2001:db8::1:80"),
        ("SDMPWEB_ADDRESS", "[2001:db8::g]:80"),
        ("SDMPWEB_ADDRESS", "http://mail.example.org:80"),
        ("SDMPWEB_ADDRESS", "a b:80"),
        ("SDMPWEB_URL", "mail.example.org"),
        ("SDMPWEB_URL", "ftp://mail.example.org"),
        ("SDMPWEB_URL", "https://mail.example.org/mail"),
        ("SDMPWEB_URL", "https://user@mail.example.org"),
        ("SDMPWEB_URL", "https://mail.example.org:x"),
        ("SDMPWEB_URL", "https://[::1"),
        ("SDMPWEB_PORT", "0"),
        ("SDMPWEB_PORT", "eighty"),
        ("SDMPWEB_PORT", "８０"),
        ("SDMPWEB_HOST", "not a host"),
        ("SDMPWEB_USER_KEY_BITS", "1024"),
        ("SDMPWEB_LINGER", "-1"),
        ("SDMPWEB_ALLOW_PRIVATE", "perhaps"),
        ("SDMPWEB_LOG", "xml"),
        ("DATABASE_URL", "mysql://a"),
        ("REDIS_URL", "http://a"),
        ("SDMPWEB_ADRESS", "mail.example.org:443"),
        ("SDMPWEB_CONFIG", "/does/not/exist"),
    ],
)
def test_wrong_value_is_one_sentence_that_names_it(name: str, text: str) -> None:
    with pytest.raises(WrongEnvironment) as caught:
        read({name: text})
    assert name in str(caught.value)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_file_is_read_and_the_environment_goes_before_it(empty_directory: Path) -> None:
    (empty_directory / "sdmpweb.env").write_text(
        "# a node\nSDMPWEB_PORT=9000\nexport SDMPWEB_LINGER='5'\n\nSDMPWEB_LOG=json\n"
    )
    values = read({"SDMPWEB_LOG": "plain"})
    assert values["SDMPWEB_PORT"] == 9000
    assert values["SDMPWEB_LINGER"] == 5
    assert values["SDMPWEB_LOG"] == "plain"


@pytest.mark.parametrize("line", ["SDMPWEB_PROT=1", "nonsense", "PATH=/tmp"])
def test_wrong_line_in_the_file_is_named(empty_directory: Path, line: str) -> None:
    other = empty_directory / "other.env"
    other.write_text(f"SDMPWEB_PORT=9000\n{line}\n")
    with pytest.raises(WrongEnvironment, match="Line 2"):
        read({"SDMPWEB_CONFIG": str(other)})


def test_address_is_split() -> None:
    assert split_address("[2001:db8::1]:80") == ("2001:db8::1", 80)
    assert split_address("10.0.0.1:8000") == ("10.0.0.1", 8000)


def test_hosts_are_those_people_may_type() -> None:
    assert allowed_hosts("mail.example.org", "[2001:db8::1]:80") == [
        "127.0.0.1",
        "[2001:db8::1]",
        "[::1]",
        "localhost",
        "mail.example.org",
    ]
