"""What a study says about runs that are made up here, so that the right answer is known."""

import csv
import io
import math

import numpy as np
import pytest

from keras_acts.study import Study


def run(label, seed, values, status="finished", metric="val_accuracy", **changes):
    return {
        "label": label,
        "activation": label,
        "parameters": {},
        "gain": None,
        "seed": seed,
        "status": status,
        "epochs": len(values),
        "curves": {"loss": [1.0] * len(values), metric: list(values)},
        "before": {"dead": [0.0, 0.5], "saturated": [0.0, 0.5], "gradient": [0.2, 0.4]},
        "after": {"dead": [0.5, 1.0], "saturated": [0.5, 1.0], "gradient": [0.1, 0.1]}
        if status == "finished"
        else None,
        "seconds": 2.0,
        "weights": 1234,
        "steps": 10,
        "how": "compiled",
        "backend": "jax",
        **changes,
    }


def made_up(shifts, seeds=10, noise=0.0, metric="val_accuracy"):
    """Runs that share the luck of their seed, as paired runs do."""
    rng = np.random.default_rng(1)
    luck = rng.normal(size=seeds) * 0.05
    return [
        run(label, seed, [0.5, final + abs(rng.normal()) * noise, final + rng.normal() * noise], metric=metric)
        for label, shift in shifts.items()
        for seed in range(seeds)
        for final in [0.9 + shift + luck[seed]]
    ]


def against_baseline(study, label):
    (found,) = [row.difference for row in study.rows if row.label == label]
    assert found is not None
    return found


def test_pairs_show_what_unpaired_means_would_hide():
    study = Study(made_up({"relu": 0.0, "gelu": 0.01}, noise=0.002))
    row, gap = study.rows[0], against_baseline(study, "gelu")
    assert gap.shown == "better"
    assert gap.low < 0.01 < gap.high
    assert row.high - row.low > 3 * (gap.high - gap.low)
    assert study.verdict.startswith("Better than relu: gelu (+0.0")
    assert [row.rank for row in study.rows] == [1, 2]


def test_no_difference_is_said():
    study = Study(
        [
            run(label, seed, [0.9 + 0.01 * ((seed * i) % 7)])
            for i, label in ((1, "relu"), (3, "elu"))
            for seed in range(7)
        ]
    )
    assert against_baseline(study, "elu").shown == "no"
    assert study.verdict.startswith(
        "No difference from relu shown for elu at this budget (7 seeds, 1 epochs; the inter"
    )
    assert [row.rank for row in study.rows] == [1, 1]


def test_many_comparisons_are_corrected():
    # Thirty activations that differ by chance only. Uncorrected, some comparison is below 0.05.
    rng = np.random.default_rng(0)
    runs = [run(f"a{i}", seed, [0.9 + 0.01 * rng.normal()]) for i in range(30) for seed in range(10)]
    study = Study(runs)
    gaps = [row.difference for row in study.rows if row.difference]
    assert min(gap.p for gap in gaps) < 0.05
    assert {gap.shown for gap in gaps} == {"no"}
    assert study.difference(min(gaps, key=lambda gap: gap.p).label).shown != "no"


def test_lower_is_better_for_a_loss():
    study = Study(made_up({"relu": 0.0, "worse": 0.1}, noise=0.02, metric="val_loss"))
    assert study.metric == "val_loss"
    assert not study.higher_is_better
    assert [row.label for row in study.rows] == ["relu", "worse"]
    gap = against_baseline(study, "worse")
    assert gap.shown == "worse"
    assert gap.wins == 0.0
    assert Study(made_up({"relu": 0.0}), mode="min").higher_is_better is False


def test_diverged_runs_count_as_the_worst():
    runs = made_up({"relu": 0.0, "gelu": 0.0})
    runs += [run("boom", seed, [0.5], "diverged") for seed in range(10)]
    study = Study(runs)
    worst = min(value for label in ("relu", "gelu") for value in study.scores(label).values())
    assert set(study.scores("boom").values()) == {worst}
    row = next(row for row in study.rows if row.label == "boom")
    assert (row.diverged, row.runs, math.isnan(row.dead)) == (10, 10, True)
    assert "10 of 10" in str(study)
    assert "A run that diverged counts as the worst" in str(study)
    assert np.isnan(study.curves("boom")[0]).tolist() == [False, True, True]
    nothing = Study([run("boom", 0, [], "diverged"), run("bang", 0, [], "diverged")])
    assert "nan" not in str(nothing)


def test_other_ways_to_judge():
    study = Study(made_up({"relu": 0.0, "gelu": 0.02}))
    best = study.by(at="best", baseline="gelu")
    assert against_baseline(best, "relu").other == "gelu"
    assert max(best.scores("relu").values()) >= max(study.scores("relu").values())
    assert study.by(metric="loss").metric == "loss"
    assert study.difference("gelu", "relu").mean == pytest.approx(0.02)


def test_numbers_of_the_table():
    row = Study(made_up({"relu": 0.0})).rows[0]
    assert (row.dead, row.saturated, row.gradient_start, row.gradient_end) == (0.75, 0.75, 0.5, 1.0)
    assert (row.seconds, row.weights, row.runs) == (2.0, 1234, 10)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metric": "val_auc"}, "logged no 'val_auc'"),
        ({"baseline": "elu"}, "no activation 'elu' as baseline"),
        ({"at": "first"}, "'final' or the 'best'"),
        ({"level": 95}, "such as 0.95"),
        ({"mode": "up"}, "'max', 'min' or 'auto'"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        Study(made_up({"relu": 0.0}), **settings)


def test_a_metric_without_a_direction_asks():
    with pytest.raises(ValueError, match="pass mode='max' or mode='min'"):
        Study([run("relu", 0, [1.0], metric="val_wow")])


NASTY = "=cmd|'a_b%<script>"


def test_tables_hold_every_cell_and_escape_labels():
    study = Study(made_up({"relu": 0.0, NASTY: 0.01}))
    latex = study.to_latex()
    assert r"=cmd|'a\_b\%<script>" in latex
    assert latex.count(r"\\") == 3
    assert "\\|'a_b%<script>" in study.to_markdown()
    assert "&lt;script&gt;" in study._repr_html_()
    assert "<script>" not in study._repr_html_()
    assert len({len(line.split("|")) for line in study.to_markdown().replace(r"\|", "").splitlines()[:4]}) == 1
    rows = list(csv.DictReader(io.StringIO(study.to_csv())))
    assert {row["activation"] for row in rows} == {"relu", "'" + NASTY}
    assert float(rows[0]["difference"]) == against_baseline(study, NASTY).mean


def test_records(tmp_path):
    study = Study(made_up({"relu": 0.0, "gelu": 0.01}))
    runs = study.to_records("runs")
    assert len(runs) == 20
    assert runs[0]["final_val_accuracy"] == study.scores("relu")[0]
    curves = study.to_records("curves")
    assert len(curves) == 60
    assert curves[1]["epoch"] == 2
    text = study.to_csv(tmp_path / "runs.csv", which="runs")
    assert (tmp_path / "runs.csv").read_text("utf-8") == text
    with pytest.raises(ValueError, match="got 'all'"):
        study.to_records("all")


def test_a_data_frame_holds_the_records():
    study = Study(made_up({"relu": 0.0, "elu": 0.01}, seeds=3))
    frame = study.to_pandas("runs")
    assert frame.to_dict("records") == study.to_records("runs")
    assert list(study.to_pandas()["activation"]) == ["elu", "relu"]


def test_figures_draw_what_the_table_says():
    study = Study(made_up({"relu": 0.0, "gelu": 0.05, "elu": -0.05}))
    curves = study.plot_curves().axes[0]
    drawn = {line.get_label(): line.get_ydata()[-1] for line in curves.lines}
    assert drawn == pytest.approx({row.label: row.mean for row in study.rows})
    assert len(curves.collections) == 3

    forest = study.plot_differences().axes[0]
    assert [tick.get_text() for tick in forest.get_yticklabels()] == ["elu", "gelu"]
    points = {tuple(line.get_ydata()): line for line in forest.lines if line.get_marker() == "o"}
    assert points[(1,)].get_xdata()[0] == against_baseline(study, "gelu").mean
    assert points[(1,)].get_markerfacecolor() != points[(0,)].get_markerfacecolor()

    ranking = study.plot_ranking().axes[0]
    assert [tick.get_text() for tick in ranking.get_yticklabels()] == ["elu", "relu", "gelu"]
    assert [text.get_text() for text in ranking.texts] == ["3", "2", "1", "rank"]

    gradients = study.plot_gradients().axes[0]
    assert gradients.lines[0].get_ydata() == pytest.approx([0.2, 0.4])
    assert study.plot_gradients("end", ax=gradients) is gradients.figure
    with pytest.raises(ValueError, match="'start' and the 'end'"):
        study.plot_gradients("middle")


def test_figures_of_one_seed_and_of_nothing():
    for study in (Study(made_up({"relu": 0.0, "gelu": 0.0}, seeds=1)), Study([run("boom", 0, [], "diverged")])):
        for plot in (study.plot_curves, study.plot_differences, study.plot_ranking, study.plot_gradients):
            plot().canvas.draw()
    assert "One seed per activation" in Study(made_up({"relu": 0.0, "gelu": 0.0}, seeds=1)).verdict
