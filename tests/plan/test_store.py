"""The table of stores of a plan, by hand."""

from experiments.plan.facts import DataFacts
from experiments.plan.store import PAIRS, PREPARE, READ, SIDE, Stores, table

FACTS = DataFacts(10_000, 9_000, 5, 1000, 10_000, "said")


def test_bytes_and_hours_of_each_store() -> None:
    lines = table(Stores("pixels", "", SIDE, 0), FACTS)
    assert lines[0].startswith("Pictures are kept as pixels. Stores at 304 px:")
    assert len(lines) == 3 + len(PAIRS) and "text features" not in lines[2]
    middle = lines[4].split("  ")
    cells = [cell.strip() for cell in middle if cell.strip()]
    assert cells[0] == "3,000,000"
    assert cells[1].startswith("832 GB, ")  # 3e6 x 304 x 304 x 3
    hours = 3e6 * sum(PREPARE["pixels"]) / 3600, 3e6 * sum(READ["pixels"]) / 3600
    assert cells[1].endswith(f", {hours[0]:.2g} + {hours[1]:.2g} h")
    assert cells[3].startswith("0 ") or cells[3].startswith("0.0")


def test_features_that_outweigh_the_pictures_are_computed() -> None:
    """A caption's features of 100 kB: five of them are more than a picture of 277 kB."""
    lines = table(
        Stores("encoded", "pixels would take 2.8 GB, and 1 GB are free", 304, 100_000), FACTS
    )
    assert "kept as JPEG, as data.store=encoded, as pixels would take" in lines[0]
    assert lines[2].endswith("text features of 5 captions")
    assert lines[3].endswith("5 GB") and lines[4].endswith("computed for each batch")
    small = table(Stores("pixels", "", 304, 1000), FACTS)
    assert small[5].endswith("GB")
