"""Findings as a table for a terminal."""

from collections.abc import Iterator, Sequence

from edge_agent.doctor import Finding, State


def tabulate(findings: Sequence[Finding]) -> Iterator[str]:
    """Yields a line for each finding, its remedy below it, and a last line that sums up."""
    width = max(len(finding.part) for finding in findings)
    for finding in findings:
        yield f"{finding.state:5}  {finding.part:{width}}  {finding.said}"
        if finding.remedy:
            remedy = " ".join(finding.remedy.split())
            yield f"{'':5}  {'':{width}}  -> {remedy}"
    wrong = sum(finding.state is State.WRONG for finding in findings)
    warned = sum(finding.state is State.WARN for finding in findings)
    yield f"{len(findings) - wrong - warned} ok, {warned} to look at, {wrong} wrong"
