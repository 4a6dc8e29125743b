"""BibTeX of symdisc and of what it is built on. Methods name the entries that they use by these keys."""

from __future__ import annotations

from collections.abc import Iterable

from ._version import __version__

ENTRIES = {
    "symdisc": f"""@software{{symdisc,
  author  = {{{{The symdisc authors}}}},
  title   = {{symdisc: continuous symmetries hidden in array data, and how sure that is}},
  version = {{{__version__}}}
}}""",
    "dehmamy2021automatic": """@inproceedings{dehmamy2021automatic,
  author    = {Dehmamy, Nima and Walters, Robin and Liu, Yanchen and Wang, Dashun and Yu, Rose},
  title     = {Automatic Symmetry Discovery with {Lie} Algebra Convolutional Network},
  booktitle = {Advances in Neural Information Processing Systems 34},
  year      = {2021}
}""",
    "dehmamy2021lconv": """@misc{dehmamy2021lconv,
  author = {Dehmamy, Nima and Walters, Robin and Liu, Yanchen and Yu, Rose},
  title  = {{Lie} Algebra Convolutional Networks with Automatic Symmetry Extraction},
  year   = {2021},
  note   = {Preprint}
}""",
    "finzi2021emlp": """@inproceedings{finzi2021emlp,
  author    = {Finzi, Marc and Welling, Max and Wilson, Andrew Gordon},
  title     = {A Practical Method for Constructing Equivariant Multilayer Perceptrons for Arbitrary Matrix Groups},
  booktitle = {Proceedings of the 38th International Conference on Machine Learning},
  year      = {2021}
}""",
    "moskalev2022liegg": """@inproceedings{moskalev2022liegg,
  author    = {Moskalev, Artem and Sepliarskaia, Anna and Sosnovik, Ivan and Smeulders, Arnold},
  title     = {{LieGG}: Studying Learned {Lie} Group Generators},
  booktitle = {Advances in Neural Information Processing Systems 35},
  year      = {2022},
  note      = {arXiv:2210.04345}
}""",
    "hu2025liesd": """@article{hu2025liesd,
  author = {Hu, Lexiang and Li, Yikang and Lin, Zhouchen},
  title  = {Symmetry Discovery for Different Data Types},
  year   = {2025},
  note   = {arXiv:2410.09841}
}""",
    "read2002cls": """@article{read2002cls,
  author  = {Read, A. L.},
  title   = {Presentation of search results: the {CL$_s$} technique},
  journal = {Journal of Physics G},
  volume  = {28},
  pages   = {2693},
  year    = {2002}
}""",
}
# For what each is cited, in a comment above its entry.
WHY = {
    "symdisc": "the program",
    "dehmamy2021automatic": "L-conv: generators from pairs; Noether currents",
    "dehmamy2021lconv": "the closed form of the covariance method (appendix C)",
    "finzi2021emlp": "constraints of equivariance as linear equations",
    "moskalev2022liegg": "invariances of a function as the null space of its gradients",
    "hu2025liesd": "equivariance of a function by the same",
    "read2002cls": "the rule by which a direction is certified",
}


def bibtex(keys: Iterable[str]) -> str:
    """The entries, each below a comment that says what for."""
    return "\n\n".join(f"% {WHY[key]}\n{ENTRIES[key]}" for key in dict.fromkeys(keys)) + "\n"
