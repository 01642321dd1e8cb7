"""The claims of the four articles as data, and the page and boxes made from them."""

import collections
import dataclasses
import re
from pathlib import Path

FILE = Path(__file__).with_name("claims.txt")
VERDICTS = {
    "T": "true",
    "T*": "true, with a caveat",
    "M": "misleading",
    "F": "false",
    "O": "opinion",
}
ARTICLES = {
    "A": "Understanding activation functions in neural networks",
    "B": "What is an activation function, and why you need it in neural networks",
    "C": "What's the role of activation functions in deep learning?",
    "D": "Course note 1.2, activation functions",
}


@dataclasses.dataclass(frozen=True)
class Claim:
    """One claim, where it is made, and what this course says about it."""

    section: str
    number: int
    places: tuple[str, ...]
    verdict: str
    lesson: int
    text: str
    reason: str

    @property
    def linked_reason(self) -> str:
        """The reason with each paper's number as a link."""
        return re.sub(r"(\d{4}\.\d{5}|\d{4}\.\d{4}\b)", r"[arXiv:\1](https://arxiv.org/abs/\1)", self.reason)


def read(file: Path = FILE) -> list[Claim]:
    """All claims in their order.

    Raises:
        ValueError: A line is not six fields, or its verdict is not one of the five.
    """
    found, section = [], ""
    for at, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if line.startswith("## "):
            section = line[3:]
        elif line and not line.startswith("#"):
            fields = [field.strip() for field in line.split(" | ")]
            if len(fields) != 6 or fields[2] not in VERDICTS:
                raise ValueError(f"{file.name}:{at}: expected six fields and a verdict from {list(VERDICTS)}: {line}")
            number, places, verdict, lesson, text, reason = fields
            found.append(Claim(section, int(number), tuple(places.split()), verdict, int(lesson), text, reason))
    return found


def page(claims: list[Claim], lessons: dict[int, Path]) -> str:
    """The page with every claim."""
    counts = collections.Counter(claim.verdict for claim in claims)
    lines = [
        "# The claims, judged",
        "",
        f"Four articles that beginners find make {len(claims)} claims about activation functions. Each stands here "
        "with the place, a verdict, the reason, and the lesson that lets you see for yourself. The letters name the "
        "articles, the numbers the lines of their text.",
        "",
        *(f"- **{letter}**: {title}" for letter, title in ARTICLES.items()),
        "",
        "| verdict | claims |",
        "|---|---|",
        *(f"| {_badge(code)} | {counts[code]} |" for code in VERDICTS),
        "",
        "The experiments behind the verdicts are small. They can refute a sentence that says *always*; they do not "
        "rank activations.",
    ]
    section = ""
    for claim in claims:
        if claim.section != section:
            section = claim.section
            lines += ["", f"## {section}", "", "| # | claim | verdict | why | lesson |", "|---|---|---|---|---|"]
        lesson = f"[{claim.lesson}](lessons/{lessons[claim.lesson].name})" if claim.lesson in lessons else claim.lesson
        anchor = f'<span id="claim-{claim.number}">{claim.number}</span>'
        lines.append(
            f"| {anchor} | {claim.text} <small>{', '.join(claim.places)}</small> "
            f"| {_badge(claim.verdict)} | {claim.linked_reason} | {lesson} |"
        )
    return "\n".join(lines) + "\n"


def box(claims: list[Claim], lesson: int) -> str:
    """The claims that one lesson settles, as a table."""
    lines = ["| # | claim | verdict | why |", "|---|---|---|---|"]
    for claim in claims:
        if claim.lesson == lesson:
            where = ", ".join(claim.places)
            lines.append(
                f"| [{claim.number}](../claims.md#claim-{claim.number}) | {claim.text} <small>{where}</small> "
                f"| {_badge(claim.verdict)} | {claim.linked_reason} |"
            )
    return "\n".join(lines) + "\n"


def _badge(verdict: str) -> str:
    kind = {"T": "true", "T*": "caveat", "M": "misleading", "F": "false", "O": "opinion"}[verdict]
    return f'<span class="verdict {kind}">{VERDICTS[verdict]}</span>'
