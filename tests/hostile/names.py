"""Names that a file of a data set may have, and those that it must not."""

from __future__ import annotations

# Of a picture and the captions beside it, without suffix.
CASES: dict[str, str] = {
    "spaces": " two  spaces ",
    "spaces that do not break": "a\u00a0b\u202fc\u3000d",
    "umlauts": "Zaunkönig",
    "umlauts in two parts": "Zaunko\u0308nig",
    "Chinese": "红色的鸟",
    "emoji": "🐦👨‍👩‍👧🏳️‍🌈",
    "from right to left": "\u202egpj.drib",
    "a break": "a\nb",
    "a carriage return": "a\rerror: all is well",
    "colours of a terminal": "a\x1b[31mb\x1b]0;t\x07",
    "breaks of Unicode": "a\u2028b\u2029c\x85d",
    "not UTF-8": "caf\udce9",
    "200 letters": "x" * 200,
    "a number of a caption": "bird#1",
    "a number of a caption of another": "bird 1#1",
    "dots": "a.b.c",
    "a dash": "-rf",
    "quotes": "a'b\"c`d`$(touch x)",
    "a percent": "%s%n%x{0}{x}",
    "backslashes": "a\\b\\..\\c",
    "a comma": "a,b;c\td",
    "a page": "<img src=x onerror=alert(1)>",
    "a tilde": "~root",
    "a star": "*?[a]",
    "a device of Windows": "CON",
    "equals": "a=b",
}
