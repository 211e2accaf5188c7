import tomllib
from dataclasses import fields

import pytest

from deid.errors import UsageError
from deid.policy import NAMED_POLICIES, Policy, load_policy


@pytest.mark.parametrize("name", NAMED_POLICIES)
def test_a_named_policy_loads_under_its_name(name):
    assert load_policy(name).name == name


@pytest.mark.parametrize("name", NAMED_POLICIES)
def test_the_commented_toml_gives_the_same_policy_back(name, tmp_path):
    policy = load_policy(name)
    file = tmp_path / f"{name}.toml"
    file.write_text(policy.toml())
    assert load_policy(file) == policy
    assert load_policy(file).sha256 == policy.sha256


def test_the_commented_toml_names_every_key():
    assert set(tomllib.loads(Policy().toml())) == {spec.name for spec in fields(Policy)}


def test_every_field_explains_itself():
    assert all(spec.metadata["help"].endswith(".") for spec in fields(Policy))


def test_posting_is_the_default():
    assert load_policy("posting") == Policy()


def test_an_unknown_key_names_the_keys():
    with pytest.raises(UsageError, match="retain_uids"):
        Policy().but(retain_uid=True)


@pytest.mark.parametrize(
    ("key", "value"),
    [("unsure", "maybe"), ("max_megapixels", 0), ("mask_all_text", "yes"), ("max_frames", True), ("engine", 3), ("max_frames", 0)],
)
def test_a_value_that_cannot_be_is_refused(key, value):
    with pytest.raises(UsageError, match=key):
        Policy().but(**{key: value})


def test_a_file_that_is_no_policy_is_refused_without_its_content(tmp_path):
    file = tmp_path / "p.toml"
    file.write_text("PATIENT DOE JANE")
    with pytest.raises(UsageError) as caught:
        load_policy(file)
    assert "DOE" not in str(caught.value)
    with pytest.raises(UsageError, match="no such policy"):
        load_policy(tmp_path / "absent.toml")


def test_the_hash_follows_every_value_and_the_words_of_the_site(tmp_path):
    words = tmp_path / "never.txt"
    words.write_text("azurion\n")
    base = Policy()
    assert base.but(redact_sex=True).sha256 != base.sha256
    listed = base.but(never_file=str(words)).sha256
    words.write_text("azurion\nartis\n")
    assert base.but(never_file=str(words)).sha256 != listed != base.sha256
