from gateway.config.wording import did_you_mean, listed, quoted


def test_a_near_name_is_proposed():
    assert did_you_mean("adress", ("address", "key")) == "did you mean 'address'? Known: address, key"


def test_a_far_name_is_not():
    assert did_you_mean("zzz", ("key", "address")) == "known: address, key"


def test_where_nothing_is_known_nothing_is_listed():
    assert did_you_mean("a", ()) == "none is known here"


def test_lists_and_values_are_cut():
    assert listed(f"n{number:02}" for number in range(40)).endswith("n29, ...")
    assert quoted("a" * 50) == f"'{'a' * 39}…'"
    assert quoted("a\n  b") == "'a b'"
