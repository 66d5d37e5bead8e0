"""Where every counterpart is demanded, nothing is skipped in silence."""

import pytest

pytest_plugins = "pytester"


@pytest.mark.parametrize(("demanded", "failed"), [(True, 3), (False, 0)])
def test_what_lacks_a_counterpart_fails_where_all_are_demanded(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    demanded: bool,  # noqa: FBT001
    failed: int,
) -> None:
    monkeypatch.delenv("NEED_ALL_PEERS", raising=False)
    if demanded:
        monkeypatch.setenv("NEED_ALL_PEERS", "1")
    pytester.makeconftest("from tests.conftest import pytest_make_collect_report, pytest_runtest_makereport")
    pytester.makepyfile(
        test_module="import pytest\npytest.importorskip('no_such_module_at_all')",
        test_single="""
            import pytest

            @pytest.mark.skipif(True, reason="needs a thing: apt-get install thing")
            def test_marked(): ...

            def test_inside():
                pytest.skip("only root may")

            @pytest.mark.skipif(True, reason="the clips are not here")
            def test_material(): ...
        """,
    )
    options = ("--continue-on-collection-errors", "-o", "asyncio_default_fixture_loop_scope=function")
    found = pytester.runpytest(*options, "-p", "no:cacheprovider").parseoutcomes()
    assert found.get("failed", 0) + found.get("errors", 0) == failed
    assert found["skipped"] == 4 - failed
