"""The mark of tests that render the chart."""

import pytest

from tests.chart_tool.helm import HOW_TO_GET_ONE, helm_binary

needs_helm = pytest.mark.skipif(helm_binary() is None, reason=HOW_TO_GET_ONE)
