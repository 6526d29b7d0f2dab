import doctest

import pytest

from kwskit.evaluation import metrics, results_table


@pytest.mark.parametrize("module", [metrics, results_table], ids=lambda module: module.__name__)
def test_the_examples_of_docstrings_run(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
