"""The registry of known algebras: theory against exact arithmetic, isomorphic entries against each other."""

import re
from collections import defaultdict

import disguise
import exact
import matrices as of
import numpy as np
import pytest
from known import is_simple
from known_algebras import KNOWN, SMALL, distinct_names, known_facts

NAMED = [title for title, known in KNOWN.items() if known.called]


def real_form(name):
    """(dimension, non-compact dimension) of a simple algebra: Helgason, Differential Geometry (1978), X.2 and X.6."""
    if name in ("g2(-14)", "g2(2)"):
        return 14, 8 * (name == "g2(2)")
    family, inside = re.fullmatch(r"(so|su|sl|sp)\((.*)\)", name).groups()
    first, *rest = inside.split(",")
    n, last = int(first), rest[0] if rest else None
    if last == "C":
        dimension = {"so": n * (n - 1) // 2, "sl": n * n - 1, "sp": n * (n + 1) // 2}[family]
        return 2 * dimension, dimension
    if family == "sl":
        return (n * n - 1, n * (n + 1) // 2 - 1) if last == "R" else (4 * n * n - 1, 2 * n * n - n - 1)
    if family == "sp" and last == "R":
        return n * (n + 1) // 2, n * (n + 2) // 4
    q = int(last or 0)
    m = n + q
    dimension = {"so": m * (m - 1) // 2, "su": m * m - 1, "sp": m * (2 * m + 1)}[family]
    return dimension, {"so": 1, "su": 2, "sp": 4}[family] * n * q


def rank_of(name):
    """Dimension of a Cartan subalgebra, over the reals."""
    if name.startswith("g2"):
        return 2
    family, inside = re.fullmatch(r"(so|su|sl|sp)\((.*)\)", name).groups()
    n, q = (int(x) if x.isdigit() else 0 for x in [*inside.split(","), ""][:2])
    m = n + q
    if inside.endswith("R"):
        return n - 1 if family == "sl" else n // 2
    if inside.endswith("C"):
        return 2 * {"so": n // 2, "sl": n - 1, "sp": n // 2}[family]
    if inside.endswith("H"):
        return 2 * n - 1
    return {"so": m // 2, "su": m - 1, "sp": m}[family]


def euclidean(n):
    return n * (n - 1) // 2


DIMENSIONS = {
    r"R": lambda: 1,
    r"aff\((\d)\)": lambda n: n * n + n,
    r"gl\((\d),R\)": lambda n: n * n,
    r"u\((\d)\)": lambda n: n * n,
    r"heis\((\d)\)": lambda n: n,
    r"e\((\d)\)": lambda n: euclidean(n) + n,
    r"e\(1,1\)|bianchi\(.*\)": lambda: 3,
    r"A4,\d+(?:\(.*\))?|oscillator": lambda: 4,
    r"poincare\((\d),(\d)\)": lambda p, q: euclidean(p + q) + p + q,
    r"(?:galilei|carroll)\((\d)\)": lambda n: euclidean(n) + 2 * n + 1,
    r"bargmann\((\d)\)": lambda n: euclidean(n) + 2 * n + 2,
    r"newton-hooke\((\d),[+-]\)": lambda n: euclidean(n) + 2 * n + 1,
    r"sim\((\d)\)": lambda n: euclidean(n) + n + 1,
    r"schrodinger\((\d)\)": lambda n: euclidean(n) + 2 * n + 4,
    r"n\((\d)\)": lambda n: n * (n - 1) // 2,
    r"borel\(sl\((\d),R\)\)": lambda n: n * (n + 1) // 2 - 1,
}


def dimension_of(name):
    if is_simple(name):
        return real_form(name)[0]
    for pattern, formula in DIMENSIONS.items():
        found = re.fullmatch(pattern, name)
        if found:
            return formula(*map(int, found.groups()))
    raise LookupError(name)


def test_there_are_enough_names_written_in_ascii():
    names = distinct_names()
    assert len(names) >= 160
    assert all(name.isascii() for name in names)
    assert sum(known.called is None for known in KNOWN.values()) >= 20


@pytest.mark.parametrize("title", KNOWN)
def test_brackets_close_and_obey_jacobi(title):
    c = exact.constants(KNOWN[title].generators)
    nested = np.tensordot(c, c, (2, 0))  # [[i, j], k]
    assert not (nested + nested.transpose(1, 2, 0, 3) + nested.transpose(2, 0, 1, 3)).any()
    assert not (c + c.transpose(1, 0, 2)).any()


@pytest.mark.parametrize("title", NAMED)
def test_dimensions_are_those_of_theory(title):
    known = KNOWN[title]
    assert len(known.generators) == sum(dimension_of(name) for name in known.factors)
    if " + " not in known.called and not known.called.startswith("R^"):
        assert len(known.generators) == dimension_of(known.called)


@pytest.mark.parametrize("title", KNOWN)
def test_levi_factors_are_those_of_theory(title):
    """Dimension, signature and rank of the Levi part, and the radical as what remains."""
    known, facts = KNOWN[title], known_facts(title)
    expected = [real_form(name) for name in known.levi]
    assert facts["dimension"] - facts["radical_dimension"] == sum(dimension for dimension, _ in expected)
    if facts["semisimple"]:
        noncompact = sum(part for _, part in expected)
        assert facts["killing_signature"] == [noncompact, facts["dimension"] - noncompact, 0]
        assert facts["rank"] == sum(map(rank_of, known.levi))
        assert facts["derived_series"] == facts["lower_central_series"] == [facts["dimension"]]
        assert facts["compact"] == facts["matrix_compact"] == (noncompact == 0)


SEMISIMPLE = [title for title, known in SMALL.items() if known.levi == known.factors and len(known.generators) <= 16]


@pytest.mark.parametrize("title", SEMISIMPLE)
def test_simple_ideals_are_as_many_as_the_centroid_says(title):
    """The centroid of a simple real algebra is R, or C where the algebra is a complex one."""
    known = KNOWN[title]
    lines = [2 if name in ("so(3,1)",) or name.endswith(",C)") else 1 for name in known.levi]
    assert exact.commutant_dimension(of.adjoint(known.generators)) == sum(lines)


def test_isomorphic_entries_agree():
    by_name = defaultdict(list)
    for title in NAMED:
        by_name[KNOWN[title].called].append(title)
    representation = ("commutant_dimension", "matrix_compact")
    several = {name: titles for name, titles in by_name.items() if len(titles) > 1}
    assert len(several) > 30
    for titles in several.values():
        first, *others = [
            {key: value for key, value in known_facts(title).items() if key not in representation} for title in titles
        ]
        assert all(other == first for other in others), titles
        assert len({(KNOWN[title].levi, KNOWN[title].factors) for title in titles}) == 1


def test_a_sum_has_the_facts_of_its_summands():
    by_name = {KNOWN[title].called: title for title in NAMED}
    additive = ("dimension", "rank", "center_dimension", "radical_dimension", "nilradical_dimension")
    sums = [title for title in NAMED if len(KNOWN[title].factors) > 1]
    assert len(sums) > 50
    for title in sums:
        facts, parts = known_facts(title), [known_facts(by_name[name]) for name in KNOWN[title].factors]
        assert [facts[key] for key in additive] == [sum(part[key] for part in parts) for key in additive], title
        assert facts["killing_signature"] == np.sum([part["killing_signature"] for part in parts], axis=0).tolist()


def test_bianchi_parameters_follow_from_traces():
    """h of the Bianchi types, from the traces of ad x for any x outside [g, g]."""
    titles = [title for title in NAMED if KNOWN[title].params and KNOWN[title].called.startswith("bianchi")]
    assert len(titles) == 8
    for title in titles:
        c = exact.constants(KNOWN[title].generators)
        outside = next(x for x in range(3) if np.trace(c[x]))
        trace, square = np.trace(c[outside]), np.trace(c[outside] @ c[outside])
        # Eigenvalues s (a +- 1) or s (a +- i) and 0: trace^2 / (2 square - trace^2) = a^2 or -a^2.
        assert trace**2 == -KNOWN[title].params["h"] * (2 * square - trace**2)


def patera_winternitz(k, a=0, b=0):
    """Brackets [e_i, e_j] as {(i, j): {l: value}}: J. Math. Phys. 17 (1976) 986, table I."""
    heis = {(2, 3): {1: 1}}
    return {
        1: {(2, 4): {1: 1}, (3, 4): {2: 1}},
        2: {(1, 4): {1: a}, (2, 4): {2: 1}, (3, 4): {2: 1, 3: 1}},
        3: {(1, 4): {1: 1}, (3, 4): {2: 1}},
        4: {(1, 4): {1: 1}, (2, 4): {1: 1, 2: 1}, (3, 4): {2: 1, 3: 1}},
        5: {(1, 4): {1: 1}, (2, 4): {2: a}, (3, 4): {3: b}},
        6: {(1, 4): {1: a}, (2, 4): {2: b, 3: -1}, (3, 4): {2: 1, 3: b}},
        7: heis | {(1, 4): {1: 2}, (2, 4): {2: 1}, (3, 4): {2: 1, 3: 1}},
        8: heis | {(2, 4): {2: 1}, (3, 4): {3: -1}},
        9: heis | {(1, 4): {1: 1 + b}, (2, 4): {2: 1}, (3, 4): {3: b}},
        10: heis | {(2, 4): {3: -1}, (3, 4): {2: 1}},
        11: heis | {(1, 4): {1: 2 * a}, (2, 4): {2: a, 3: -1}, (3, 4): {2: 1, 3: a}},
    }[k]


FOUR_DIMENSIONAL = {title: int(re.match(r"A4,(\d+)", title)[1]) for title in KNOWN if re.fullmatch(r"A4,\S+", title)}
FOUR_DIMENSIONAL["oscillator"] = 10


@pytest.mark.parametrize("title", FOUR_DIMENSIONAL)
def test_four_dimensional_algebras_have_the_brackets_of_the_table(title):
    known = KNOWN[title]
    expected = patera_winternitz(FOUR_DIMENSIONAL[title], **known.params)
    act, *rest = known.generators
    e1, e2, e3 = [2 * rest[2], *rest[:2]] if (2, 3) in expected else rest
    # e4 is -act over the common denominator by which its entries were scaled to integers.
    scale = np.lcm.reduce([value.denominator for value in known.params.values()] or [1])
    e = [None, e1, e2, e3, -act]
    for i in range(1, 5):
        for j in range(i + 1, 5):
            value = sum((x * e[n] for n, x in expected.get((i, j), {}).items()), np.zeros_like(act))
            assert np.array_equal(e[i] @ e[j] - e[j] @ e[i], value * (scale if j == 4 else 1)), (i, j)


# Dimension of the nilradical and of a Cartan subalgebra, and whether the algebra is compact: written down by hand.
BY_HAND = {
    "R as so(2)": (1, 1, True), "R^3 diagonal": (3, 3, True), "so(3)": (0, 1, True), "so(4)": (0, 2, True),
    "so(5)": (0, 2, True), "su(4) as so(6)": (0, 3, True), "su(3)": (0, 2, True), "sl(2,R)": (0, 1, False),
    "so(2,2)": (0, 2, False), "so(3,1)": (0, 2, False), "sl(3,R)": (0, 2, False), "sl(3,C)": (0, 4, False),
    "so(3,2) as sp(4,R)": (0, 2, False), "gl(3,R)": (1, 3, False), "u(2) as so(3) + rotation": (1, 2, True),
    "aff(1)": (1, 1, False), "aff(2)": (2, 2, False), "sl(2,R) |x R^2": (2, 1, False), "heis(5)": (5, 5, False),
    "galilei(3)": (7, 4, False), "e(2)": (2, 1, False), "e(3)": (3, 2, False), "poincare(2,1)": (3, 2, False),
    "poincare(3,1)": (4, 2, False), "sim(2)": (2, 2, False), "oscillator": (3, 2, False), "n(4)": (6, 6, False),
    "borel(sl(3,R))": (3, 2, False), "upper triangular(3)": (4, 3, False), "bianchi(III)": (2, 2, False),
    "bianchi(IV)": (2, 1, False), "e(1,1)": (2, 1, False), "bianchi(VII,h=1)": (2, 1, False),
}  # fmt: skip


@pytest.mark.parametrize("title", BY_HAND)
def test_exact_arithmetic_agrees_with_facts_written_by_hand(title):
    found = known_facts(title)
    assert (found["nilradical_dimension"], found["rank"], found["compact"]) == BY_HAND[title]


def test_textbook_invariants():
    """Written down from the literature, not from the matrices."""
    facts = {title: known_facts(title) for title in KNOWN}

    nilradicals = {
        "e(3)": 3, "poincare(3,1)": 4, "galilei(3)": 7, "bargmann(3)": 8, "carroll(3)": 7, "newton-hooke(3,+)": 6,
        "sim(3)": 3, "schrodinger(1)": 3, "schrodinger(3)": 7, "aff(3)": 3, "borel(sl(3,R))": 3, "borel(sl(4,R))": 6,
        "n(5)": 10, "heis(7)": 7, "oscillator": 3, "sim(2)": 2, "upper triangular(3)": 4, "A4,8": 3, "A4,5(1,1)": 3,
    }  # fmt: skip
    assert {title: facts[title]["nilradical_dimension"] for title in nilradicals} == nilradicals
    lower = {
        "heis(5)": [5, 1, 0], "n(4)": [6, 3, 1, 0], "n(5)": [10, 6, 3, 1, 0], "A4,1": [4, 2, 1, 0],
        "filiform(5)": [5, 3, 2, 1, 0], "free nilpotent, 3 generators": [6, 3, 0], "heis(3,C)": [6, 2, 0],
        "heis(3) + heis(3)": [6, 2, 0], "aff(1)": [2, 1], "oscillator": [4, 3], "e(3)": [6], "gl(3,R)": [9, 8],
    }  # fmt: skip
    assert {title: facts[title]["lower_central_series"] for title in lower} == lower
    derived = {
        "heis(5)": [5, 1, 0], "n(5)": [10, 6, 1, 0], "oscillator": [4, 3, 1, 0], "borel(sl(3,R))": [5, 3, 1, 0],
        "aff(1)": [2, 1, 0], "e(2)": [3, 2, 0], "galilei(3)": [10, 9], "schrodinger(3)": [13], "sim(3)": [7, 6],
    }  # fmt: skip
    assert {title: facts[title]["derived_series"] for title in derived} == derived
    centers = {"bargmann(3)": 1, "galilei(3)": 0, "carroll(3)": 1, "schrodinger(3)": 1, "n(5)": 1, "heis(3,C)": 2}
    assert {title: facts[title]["center_dimension"] for title in centers} == centers
    signatures = {
        "oscillator": [0, 1, 3], "e(3)": [0, 3, 3], "poincare(3,1)": [3, 3, 4], "aff(1)": [1, 0, 1],
        "e(1,1)": [1, 0, 2], "e(2)": [0, 1, 2], "bianchi(VII,h=1)": [0, 0, 3], "g2(2)": [8, 6, 0],
        "g2(-14)": [0, 14, 0], "sl(3,C)": [8, 8, 0], "so(4,4)": [16, 12, 0], "sl(2,C) |x C^2": [3, 3, 4],
    }  # fmt: skip
    assert {title: facts[title]["killing_signature"] for title in signatures} == signatures


def test_commutants_follow_schur():
    """R, C or H for irreducible spaces, matrices over them for repeated ones."""
    expected = {
        "so(3)": 1, "so(3) doubled": 4, "so(3) as su(2)": 4, "so(3) as sp(1)": 4, "so(3) on tensors": 3,
        "so(3) fixing a line": 2, "su(3)": 2, "so(5) spinor": 4, "sl(3,R) on V + V*": 2, "so(3,1) as sl(2,C)": 2,
        "so(7) spinor": 1, "so(4,3) spinor": 1, "g2(-14)": 1, "so(4) on spinors": 8, "e(3)": 1, "R^3 diagonal": 3,
        "R^2 torus": 4, "heis(3)": 2, "so(5,1) as sl(2,H)": 4, "su(3) adjoint": 1,
    }  # fmt: skip
    assert {title: known_facts(title)["commutant_dimension"] for title in expected} == expected


def test_invariant_forms_are_those_of_theory():
    """(symmetric, antisymmetric) forms of the defining representations."""
    expected = {
        "so(3)": (1, 0), "so(3,1)": (1, 0), "so(5,2)": (1, 0), "sl(2,R)": (0, 1), "sp(6,R)": (0, 1), "sl(3,R)": (0, 0),
        "sl(3,R) on V + V*": (1, 1), "su(3)": (1, 1), "su(2,1)": (1, 1), "so(3) as sp(1)": (1, 3), "sp(3)": (1, 3),
        "su(3,1) as so*(6)": (3, 1), "so(3,1) as sl(2,C)": (0, 2), "so(3,1) as so(3,C)": (2, 0), "g2(2)": (1, 0),
        "sl(2,R) spin 3/2": (0, 1), "sl(2,R) spin 2": (1, 0), "so(3) doubled": (3, 1), "e(3)": (1, 0),
        "poincare(3,1)": (1, 0), "R as so(1,1)": (1, 1), "R dilation": (0, 0),
        "so(3) fixing a line": (2, 0),
    }  # fmt: skip
    assert {title: exact.form_dimensions(KNOWN[title].generators) for title in expected} == expected


def test_what_the_invariants_leave_alike():
    """Different algebras with all facts alike: names need more than dimensions and signatures."""
    alike = defaultdict(set)
    for title, known in KNOWN.items():
        facts = [known_facts(title)[key] for key in known_facts(title) if key not in ("commutant_dimension",)]
        alike[str((known.levi, facts))].add(known.called or title)
    assert {name for names in alike.values() if len(names) > 1 for name in names if name[:2] not in ("bi", "A4")} == {
        "heis(3) + heis(3)", "heis(3,C)", "heis(3) over dual numbers", "e(1,1) + e(2)", "newton-hooke(2,+)",
        "poincare(3,1)", "sl(2,C) |x C^2", "R |x R^4 diagonal", "R |x R^4 dilation",
        "sl(2,R) |x (R^2 + R^2)", "sl(2,R) |x spin 3/2", "e(1,1)", "e(2)", "e(1,1) + R",
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_a_disguise_is_the_algebra_in_another_basis(seed):
    rng = np.random.default_rng(seed)
    generators = KNOWN["e(3)"].generators
    change = disguise.similarity(4, 10, rng)
    assert np.linalg.cond(change) == pytest.approx(10)
    elsewhere = disguise.moved(generators.astype(float), change)
    np.testing.assert_allclose(np.linalg.inv(change) @ elsewhere @ change, generators, atol=1e-12)
    more, fewer = disguise.remixed(elsewhere, rng, extra=4), disguise.remixed(elsewhere, rng, lost=1)
    assert (len(more), len(fewer)) == (10, 5)
    assert np.linalg.matrix_rank(np.concatenate([more, elsewhere]).reshape(-1, 16), tol=1e-9) == 6
    assert np.linalg.matrix_rank(fewer.reshape(-1, 16), tol=1e-9) == 5
    again = [disguise.disguised(generators, np.random.default_rng(seed), noise=1e-2) for _ in range(2)]
    assert np.array_equal(*again)


def test_noise_has_the_stated_size():
    generators = np.ones((200, 5, 5)) * np.arange(1, 201)[:, None, None]
    change = disguise.noisy(generators, 1e-3, np.random.default_rng(0)) - generators
    sizes = np.sqrt((change**2).mean(axis=(1, 2))) / np.arange(1, 201)
    assert np.sqrt((sizes**2).mean()) == pytest.approx(1e-3, rel=0.05)


def test_a_lost_generator_comes_back_by_brackets_unless_hyperplanes_close():
    """Generic hyperplanes of bianchi(V) and of R^n are subalgebras; those of other entries generate everything."""
    closed = {
        title
        for title, known in SMALL.items()
        if len(exact.generated(exact.constants(known.generators), lost=1)) < len(known.generators)
    }
    assert {KNOWN[title].called for title in closed if not known_facts(title)["abelian"]} == {
        "aff(1)", "bianchi(V)", "A4,5(1,1)", None,
    }  # fmt: skip
    assert {title for title in closed if KNOWN[title].called is None} == {"R |x R^4 dilation"}
    assert all(title in closed for title in SMALL if known_facts(title)["abelian"])


def test_exact_arithmetic_refuses_what_is_no_algebra():
    with pytest.raises(AssertionError, match="not in the span"):
        exact.constants(of.pseudo_orthogonal(3)[:2])
    with pytest.raises(AssertionError, match="dependent"):
        exact.constants(np.array([np.eye(2, dtype=int), 2 * np.eye(2, dtype=int)]))
