"""The rule language of filters: what it says, where it is wrong, and what absence means in it (§4.6)."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_server.policy.access.facts import DeviceFacts, attributes_of
from keystead_server.policy.access.filters.lint import lint, relies_on_absence
from keystead_server.policy.access.filters.matching import attributes_match, device_matches
from keystead_server.policy.access.filters.subjects import APPLICATION, DEVICE
from keystead_server.policy.access.filters.syntax import MAX_DEPTH, MAX_RULE_CHARACTERS, FilterMalformed, parse
from keystead_server.policy.access.vocabulary import FilterMode

THINKPAD = {
    "deviceId": "AAAA-1",
    "displayName": "Ada's ThinkPad",
    "operatingSystem": "Windows",
    "operatingSystemVersion": "10.0.22631",
    "isCompliant": False,
    "trustType": "AzureAD",
    "physicalIds": ["[ZTDId]:one", "[GID]:two"],
}


def matches(rule: str, device: dict[str, Any] | None = THINKPAD) -> bool:
    return device_matches(parse(rule, DEVICE), None if device is None else DeviceFacts.of(device))


@pytest.mark.parametrize(
    "rule",
    [
        'device.displayName -eq "ada\'s thinkpad"',
        'DEVICE.DisplayName -EQ "Ada\'s ThinkPad"',
        'device.displayName -contains "think"',
        'device.displayName -startsWith "Ada"',
        "device.displayName -endsWith 'PAD'",
        'device.operatingSystemVersion -in ["10.0.19045", "10.0.22631"]',
        'device.operatingSystemVersion -notIn ["10.0.19045"]',
        "device.isCompliant -eq False",
        'device.isCompliant -ne "True"',
        'device.physicalIds -contains "[ztdid]:ONE"',
        'device.physicalIds -notContains "[ZTDId]"',
        'device.model -ne "X"',
        '(device.model -eq "X") -or device.trustType -eq "AzureAD"',
        '-not (device.trustType -eq "Workplace")',
        'device.operatingSystem -eq "Windows" and not device.trustType -eq "ServerAD"',
    ],
)
def test_matches(rule: str) -> None:
    assert matches(rule)


@pytest.mark.parametrize(
    "rule",
    [
        'device.displayName -eq "thinkpad"',
        'device.displayName -notContains "think"',
        'device.operatingSystemVersion -in ["10.0.19045"]',
        'device.physicalIds -contains "[ZTDId]"',
        'device.model -eq "X"',
        'device.model -contains ""',
        'device.isCompliant -eq True -or device.model -startsWith "X"',
    ],
)
def test_does_not_match(rule: str) -> None:
    assert not matches(rule)


def test_and_binds_closer_than_or() -> None:
    rule = 'device.trustType -eq "AzureAD" -or device.trustType -eq "ServerAD" -and device.isCompliant -eq True'

    assert matches(rule)
    assert not matches(f"({rule.replace(' -and', ') -and')}")


def test_a_device_that_is_not_registered_matches_no_positive_comparison_and_every_negative_one() -> None:
    for operator in ("eq", "startsWith", "endsWith", "contains"):
        assert not matches(f'device.model -{operator} "X"', None)
    for operator in ("ne", "notStartsWith", "notEndsWith", "notContains"):
        assert matches(f'device.model -{operator} "X"', None)
    assert matches('device.model -notIn ["X"]', None)
    assert not matches('device.model -in ["X"]', None)


@pytest.mark.parametrize("vouched", [{"isCompliant": True}, {"trustType": "ServerAD"}, {"mdmAppId": "m"}])
def test_an_extension_attribute_counts_only_where_somebody_vouches_for_the_device(vouched: dict[str, Any]) -> None:
    device = {"deviceId": "d", "extensionAttribute1": "SAW"}
    saw, other = 'device.extensionAttribute1 -eq "SAW"', 'device.extensionAttribute1 -ne "other"'

    assert not matches(saw, device)
    assert not matches(other, device)
    assert not matches(f"-not ({saw})", device)
    assert matches(f'{saw} -or device.deviceId -eq "d"', device)
    assert matches(saw, device | vouched)
    assert matches(other, device | vouched)


def test_an_empty_attribute_is_as_good_as_none() -> None:
    assert not matches('device.model -eq ""', {"model": ""})
    assert matches('device.model -ne "X"', {"model": "", "deviceId": "d"})
    assert not matches('device.physicalIds -contains "x"', {"physicalIds": []})


@pytest.mark.parametrize(
    ("rule", "position", "says"),
    [
        ("", 1, "ends where a comparison"),
        ("device", 1, "expected device."),
        ('user.department -eq "x"', 1, "expected device."),
        ('device.owner -eq "x"', 1, "no attribute device.owner"),
        ('device.model == "x"', 14, "no operator"),
        ('device.model eq "x"', 14, "no operator"),
        ('device.model -match "x"', 14, "no operator"),
        ('device.deviceId -startsWith "x"', 17, "takes -eq, -in, -ne, -notIn"),
        ("device.model -eq", 17, "ends where a value"),
        ('device.model -eq "x', 18, "does not end"),
        ("device.model -eq null", 18, "null cannot be compared"),
        ("device.isCompliant -eq Yes", 24, "is one of: false, true"),
        ('device.model -in "x"', 18, "list in square brackets"),
        ('device.model -in ["x"', 22, "ends where ']'"),
        ("device.model -in []", 19, "expected a value"),
        ('(device.model -eq "x"', 22, "ends where ')'"),
        ('device.model -eq "x")', 21, "expected -and"),
        ('device.model -eq "x" device.model -eq "y"', 22, "expected -and"),
        ('device.model -eq "x" -and', 26, "ends where a comparison"),
        ('device.model -eq "x" -xor device.model -eq "y"', 22, "expected -and"),
    ],
)
def test_says_where_a_rule_is_wrong(rule: str, position: int, says: str) -> None:
    with pytest.raises(FilterMalformed, match=re.escape(says)) as refused:
        parse(rule, DEVICE)

    assert refused.value.position == position
    assert refused.value.code == "filter_malformed"


def test_refuses_a_rule_that_is_too_long_or_too_deep() -> None:
    one = 'device.model -eq "x"'
    fits = one + " " * (MAX_RULE_CHARACTERS - len(one))

    assert parse(fits, DEVICE).text == fits
    assert matches("(" * MAX_DEPTH + one + ")" * MAX_DEPTH) is False
    with pytest.raises(FilterMalformed, match="at most 3072"):
        parse(fits + " ", DEVICE)
    with pytest.raises(FilterMalformed, match="deep"):
        parse("(" * (MAX_DEPTH + 1) + one + ")" * (MAX_DEPTH + 1), DEVICE)
    with pytest.raises(FilterMalformed, match="deep"):
        parse("-not " * 500 + one, DEVICE)


def test_a_quote_within_a_text_is_written_twice_or_escaped() -> None:
    assert matches('device.model -eq "a""b"', {"model": 'a"b'})
    assert matches('device.model -eq "a`"b``"', {"model": 'a"b`'})


@given(st.text(max_size=60) | st.text(alphabet="device.model -eqand\"()[],'`x ", max_size=120))
def test_no_text_makes_the_parser_crash(text: str) -> None:
    position = 1
    try:
        rule = parse(text, DEVICE)
    except FilterMalformed as refused:
        position = refused.position
    else:
        matches(rule.text)

    assert 1 <= position <= len(text) + 1


def test_an_app_is_filtered_by_its_custom_security_attributes() -> None:
    rule = parse('CustomSecurityAttribute.Engineering_Level -contains "requireMFA"', APPLICATION)
    dotted = parse('customSecurityAttribute.Engineering.Level -contains "requireMFA"', APPLICATION)
    negative = parse('customSecurityAttribute.Engineering_Level -notContains "requireMFA"', APPLICATION)
    tagged = attributes_of({"Engineering_Level": ["requireMFA", "other"]})

    assert attributes_match(rule, tagged)
    assert attributes_match(dotted, tagged)
    assert not attributes_match(rule, {})
    assert not attributes_match(negative, tagged)
    assert attributes_match(negative, {})
    with pytest.raises(FilterMalformed, match="expected customSecurityAttribute"):
        parse("device.isCompliant -eq True", APPLICATION)


@pytest.mark.parametrize(
    ("rule", "mode", "remarks"),
    [
        ('device.trustType -ne "ServerAD"', FilterMode.INCLUDE, ["unregistered_matches"]),
        ('device.trustType -ne "ServerAD"', FilterMode.EXCLUDE, ["unregistered_matches"]),
        ("device.isCompliant -eq True", FilterMode.EXCLUDE, []),
        ("device.isCompliant -eq True", FilterMode.INCLUDE, ["unregistered_never_matches"]),
        ('device.model -eq "X"', FilterMode.EXCLUDE, ["editable_alone"]),
        ('device.model -eq "X" -and device.trustType -eq "AzureAD"', FilterMode.EXCLUDE, []),
        ('device.extensionAttribute3 -eq "X"', FilterMode.EXCLUDE, ["extension_needs_management"]),
    ],
)
def test_lint_says_where_a_rule_surprises(rule: str, mode: FilterMode, remarks: list[str]) -> None:
    assert [remark.id for remark in lint(parse(rule, DEVICE), mode)] == remarks


def test_lint_points_at_the_comparison_that_surprises() -> None:
    rule = parse('device.trustType -eq "X" -or device.model -ne "Y"'.replace('"X"', '"ServerAD"'), DEVICE)

    assert relies_on_absence(rule)
    assert [remark.position for remark in lint(rule, FilterMode.EXCLUDE)] == [37]
