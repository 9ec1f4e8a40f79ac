"""Every command of the command line and its options."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synthcur import __version__
from synthcur.arms import OFFERED, said_names, stored_name
from synthcur.cli import commands, growing_options
from synthcur.cli.option_types import add_columns, rows_source
from synthcur.cli.option_types import path as _path
from synthcur.exports.tool_files import FORMATS, PLAIN
from synthcur.settings import (
    BUNDLED_MODEL,
    CHECKER_KINDS,
    DIVERSITY_KINDS,
    RULES,
    FitSettings,
)
from synthcur.stats.metrics import METRICS
from synthcur.workspace import workspace_folder


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line."""

    def error(self, message: str) -> Any:
        self.exit(2, f"synthcur: {message}. See: python -m synthcur --help\n")


def build_parser() -> argparse.ArgumentParser:
    """Describe every command and its options."""
    shared = _Parser(add_help=False)
    parser = _Parser(prog="synthcur", description=commands.__doc__)
    for each in (shared, parser):
        _add_shared(each)
    # Set here alone: a command's own default would replace what was given before the command.
    parser.set_defaults(json=False, workspace=workspace_folder())
    parser.add_argument("--version", action="version", version=__version__)
    add = parser.add_subparsers(dest="command", required=True, metavar="COMMAND").add_parser

    def command(
        name: str, run: Callable[[argparse.Namespace], commands.Answer | None], text: str
    ) -> argparse.ArgumentParser:
        sub = add(name, help=text, description=text, parents=[shared])
        sub.set_defaults(run=run)
        return sub

    command("demo", commands.demo, "put the bundled demo collection into the workspace")
    _add_import(command("import", commands.import_, "check files and store them as a collection"))
    _add_score(command("score", commands.score, "compute embeddings, map and checkers"))
    _add_weights(command("weights", commands.weights, "write the weight of every synthetic row"))
    _add_train(command("train", commands.train, "train every arm with every seed"))
    text = "train with different numbers of real rows: when do synthetic ones pay?"
    _add_learning_curve(command("learning-curve", commands.learning_curve, text))
    text = "compare the arms of the latest finished job"
    _add_comparison(command("results", commands.results, text))
    html = command("report", commands.report_, "write the results as one HTML file")
    _add_comparison(html)
    html.add_argument("--out", required=True, type=_path, metavar="FILE")
    _add_export(command("export", commands.export, "write curated rows, models and results"))
    _add_push(command("push", commands.push, "put curated rows or a model on the hub"))
    decide = command("decide", commands.decide, "apply decisions from a JSON Lines file")
    decide.add_argument("name", metavar="NAME")
    decide.add_argument("--from", dest="source", required=True, type=_path, metavar="FILE")
    decide.add_argument("--annotator", default="command line", metavar="WHO")
    decide.add_argument(
        "--override",
        action="store_true",
        help="replace what others have decided, noted or written; without it a file with such a "
        "line is refused, naming it, and nothing of it is applied",
    )
    growing_options.add_commands(command)
    command("jobs", commands.list_jobs, "list background jobs and their states")
    command("cancel", commands.cancel, "stop a background job").add_argument("job", metavar="JOB")
    text = "let a stopped job go on from its last checkpoint"
    command("resume", commands.resume, text).add_argument("job", metavar="JOB")
    text = "let a waiting job start before the others"
    command("first", commands.first, text).add_argument("job", metavar="JOB")
    clean = command("clean", commands.clean, "list what ended jobs left behind, with sizes")
    clean.add_argument("--models", action="store_true", help="also the models of finished runs")
    clean.add_argument("--yes", action="store_true", help="remove what is listed")
    serve = command("serve", commands.serve, "open the app in a browser")
    serve.add_argument("--port", type=int, default=8501)
    serve.add_argument("--address", default="127.0.0.1")
    command("doctor", commands.doctor, "check that everything needed is here and healthy")
    return parser


def _add_shared(parser: argparse.ArgumentParser) -> None:
    """Describe what may stand before the command and behind it; what stands behind counts."""
    parser.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
    )
    parser.add_argument(
        "--workspace",
        type=_workspace,
        default=argparse.SUPPRESS,
        metavar="DIR",
        help="folder with everything synthcur keeps (SYNTHCUR_WORKSPACE, else ./workspace)",
    )


def _add_comparison(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--job", metavar="JOB", help="another training job than the latest")
    parser.add_argument(
        "--baseline", type=stored_name, default="ce", metavar="ARM", help="arm to compare with"
    )
    parser.add_argument(
        "--metric",
        choices=METRICS,
        help="score (default: accuracy, or macro_f1 where one label holds over 60 %% of the test "
        "rows)",
    )
    parser.add_argument(
        "--by",
        metavar="COLUMN",
        help="also split by a column of the test rows, or by label: share right of every group",
    )


def _workspace(text: str) -> Path:
    return workspace_folder(str(_path(text)))


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--out", required=True, type=_path, metavar="DIR")
    parser.add_argument(
        "--format",
        choices=(*FORMATS, *PLAIN),
        help="only the synthetic rows, as the files of another tool or as a plain table, with "
        "weights and all decisions; chat and distilabel hold the rows that stay, all others the "
        "discarded ones too",
    )
    parser.add_argument("--xlsx", action="store_true", help="the rows also as curated.xlsx")
    _add_publication(parser)


def _add_push(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--repo", required=True, metavar="OWNER/REPO")
    parser.add_argument("--model", metavar="ARM", help="the arm's model instead of curated rows")
    parser.add_argument("--job", metavar="JOB", help="another training job than the latest")
    parser.add_argument("--public", action="store_true", help="make a new repository public")
    _add_publication(parser)


def _add_publication(parser: argparse.ArgumentParser) -> None:
    text = "languages of the texts, for the cards: en, or en,de"
    parser.add_argument("--language", default="", metavar="CODES", help=text)
    text = "licence of what leaves, for the cards: cc-by-4.0, say"
    parser.add_argument("--license", default="", metavar="ID", help=text)
    text = "the data set on the hub that models were trained on, for their cards"
    parser.add_argument("--dataset", default="", metavar="OWNER/NAME", help=text)


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--synthetic", required=True, type=rows_source, metavar="FILE")
    parser.add_argument("--real", required=True, type=rows_source, metavar="FILE")
    parser.add_argument("--validation", type=rows_source, metavar="FILE")
    parser.add_argument("--test", type=rows_source, metavar="FILE")
    add_columns(parser)
    parser.add_argument(
        "--decisions",
        action="store_true",
        help="take what people decided about the synthetic rows in the tool that the file comes "
        "from (Label Studio, Prodigy, Argilla, doccano, synthcur) as decisions here, with their "
        "names and times; without it rows have the labels that people gave them",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of splits made by synthcur")
    parser.add_argument(
        "--no-score", action="store_true", help="do not run the probe checkers afterwards"
    )


def _add_score(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument(
        "--checkers",
        choices=CHECKER_KINDS,
        default="probe",
        help="probe: logistic regressions on embeddings, seconds (default); finetune: BERT-size "
        "classifiers, as published, minutes; average: both, and the mean of what they say",
    )
    parser.add_argument("--seed", type=int, default=0)
    _add_fit(parser)


def _add_fit(parser: argparse.ArgumentParser) -> None:
    published = FitSettings()
    parser.add_argument(
        "--recipe",
        choices=("automatic", "published"),
        default="automatic",
        help="how classifiers are trained. automatic: learning rate and steps by the base model, "
        "the rows and the labels (default); published: as Kuo et al. 2024 trained bert-base",
    )
    parser.add_argument(
        "--epochs",
        type=int,
        help=f"a number of passes over the rows (without --lr: at {published.learning_rate:g})",
    )
    parser.add_argument(
        "--lr",
        type=float,
        help=f"a learning rate (without --epochs: for {published.epochs} passes)",
    )
    parser.add_argument(
        "--steps", type=int, help="a number of optimizer steps, with any recipe; before --epochs"
    )
    parser.add_argument(
        "--base-model", default=BUNDLED_MODEL, metavar="MODEL", help="hub name or local folder"
    )


def _add_weights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--rule", choices=RULES, default="imp")
    parser.add_argument(
        "--diversity",
        choices=DIVERSITY_KINDS,
        help="which Q: in_sample, of the checker that has learned the row, as published, or "
        "out_of_fold, of one that has not (default: that of the scheme, else in_sample)",
    )
    parser.add_argument("--scheme", metavar="SCHEME", help="a weighting saved on the Curate page")
    parser.add_argument("--out", required=True, type=_path, metavar="FILE.parquet")
    parser.add_argument("--checkers", choices=CHECKER_KINDS)


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("--arms", default=",".join(OFFERED), help=f"of {', '.join(said_names())}")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="also train without the synthetic rows that have the value in a further column, for "
        "as many steps: results then say what these rows are worth. COLUMN alone: without the "
        "rows of each of its 2 to 8 values in turn. Of the arms the first of ce_both, ce and the "
        "others is trained so",
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--checkers", choices=CHECKER_KINDS)
    parser.add_argument("--scheme", metavar="SCHEME", help="weighting of the arm 'scheme'")
    _add_fit(parser)


def _add_learning_curve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME")
    parser.add_argument(
        "--sizes",
        type=_whole_numbers,
        metavar="N,N",
        help="numbers of real training rows, such as 25,50,100 (default: as far as there are rows)",
    )
    parser.add_argument("--arms", help="default: the plain ways, imp, dimp and the recommended arm")
    parser.add_argument("--seeds", type=int, default=3)
    _add_fit(parser)


def _whole_numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(",") if word.strip())
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of whole numbers") from error
