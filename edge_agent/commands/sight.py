"""Commands about what the agent sees: footage, annotated photos, models."""

import json
import sys
from pathlib import Path

import click

from edge_agent.appearance.masks import ORDER
from edge_agent.commands.form import CONFIG, complain, progress, says_remedies
from edge_agent.demo.clips import PORTRAIT
from edge_agent.evaluate.analysis import describe
from edge_agent.evaluate.dataset import read_dataset
from edge_agent.evaluate.masks import Verdicts, build_judge
from edge_agent.evaluate.pictures import read_picture
from edge_agent.evaluate.report import report
from edge_agent.evaluate.site import choose_camera, read_site
from edge_agent.evaluate.speed import thread_counts, time_models, time_sight
from edge_agent.evaluate.watch import Told, watch
from edge_agent.inference.models import InferenceSettings, Models
from edge_agent.policy import Profile
from edge_agent.settings import Settings, load_settings


@click.command()
@click.argument("action", type=click.Choice(["list", "verify", "bench"]))
@CONFIG
@says_remedies
def models(action: str, config: Path | None) -> None:
    """List the model files, verify them against the manifest, or time them."""
    if action == "bench":
        _bench(read_site(config, None if config else Profile.SITE))
        return
    found = Models(load_settings(config).inference if config else InferenceSettings())
    if action == "list":
        for spec in found.specs():
            click.echo(f"{spec.name:28} {spec.task:8} {spec.licence:12} {spec.source}")
        return
    findings = found.verify()
    wrong = [finding for finding in findings if finding.problem]
    for finding in wrong:
        click.echo(finding.problem, err=True)
    click.echo(f"{len(findings) - len(wrong)} of {len(findings)} model files are as the manifest says")
    sys.exit(1 if wrong else 0)


def _bench(settings: Settings) -> None:
    counts = thread_counts()
    click.echo(f"{'median ms':28}" + "".join(f"{_threads(count):>12}" for count in counts))
    for timing in (*time_models(settings), *time_sight(settings, read_picture(PORTRAIT))):
        click.echo(f"{timing.name:28}" + "".join(_cell(timing.ms.get(count)) for count in counts))


def _cell(ms: float | None) -> str:
    return f"{'-':>12}" if ms is None else f"{ms:12.2f}"


def _threads(count: int) -> str:
    return f"{count} thread" + "s" * (count > 1)


@click.command()
@click.argument("footage")
@click.option(
    "--draw", type=click.Path(path_type=Path, dir_okay=False), help="Annotated film (.mp4) or photo (.jpg, .png)."
)
@click.option("--seconds", type=click.FloatRange(min=0), default=0, help="How much of it; a camera is watched for 60.")
@click.option(
    "--profile",
    type=click.Choice([profile.value for profile in Profile]),
    help="Legal ground, where there is no --config.",
)
@click.option("--camera", help="Whose privacy masks and rules hold, where --config has several.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@CONFIG
@says_remedies
def analyse(
    footage: str,
    draw: Path | None,
    seconds: float,
    profile: str | None,
    camera: str | None,
    as_json: bool,  # noqa: FBT001 - click passes it by name
    config: Path | None,
) -> None:
    """Look at FOOTAGE (a film, a photo or rtsp://…) as the agent would, without a broker."""
    settings = read_site(config, Profile(profile) if profile else None)
    with progress("looking") as share:
        told = Told(lambda line: click.echo(json.dumps(line) if as_json else describe(line)), complain, share)
        watch(settings, choose_camera(settings, camera), footage, told, seconds=seconds, draw=draw)


@click.group()
def evaluate() -> None:
    """Measure what the agent sees against what people saw."""


@evaluate.command("masks")
@click.option("--dataset", type=click.Path(path_type=Path, dir_okay=False), required=True, help="COCO-style JSON file.")
@click.option("--boxes", type=click.Choice(["given", "detected"]), default="given", show_default=True)
@click.option(
    "--min-size", type=click.FloatRange(min=0), default=20, show_default=True, help="Pixels of a face's height."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@CONFIG
@says_remedies
def evaluate_masks(dataset: Path, boxes: str, min_size: float, as_json: bool, config: Path | None) -> None:  # noqa: FBT001 - click passes it by name
    """Judge the faces of photos: confusion, recall and precision by class and size, calibration, time."""
    photos = read_dataset(dataset, complain)
    detected = boxes == "detected"
    # Annotated photos are no site's people; the profile only completes the settings.
    sight = read_site(config, None if config else Profile.SITE)
    judge, verdicts = build_judge(sight, detected=detected), Verdicts([])
    with progress("judging photos") as share:
        for number, photo in enumerate(photos, 1):
            verdicts.add(photo, judge, complain)
            share(number / len(photos))
    needed = {verdict: sight.appearance.score(verdict) for verdict in ORDER}
    found = report(verdicts, min_size=min_size, needed=needed, detected=detected)
    for line in [json.dumps(found.json())] if as_json else found.lines():
        click.echo(line)
