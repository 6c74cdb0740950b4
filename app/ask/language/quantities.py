"""Numbers with units, made comparable: '1,200.5 l' is '1200.5 litres', 'forty minutes' is not '40 seconds'. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from app.ask.language.words import NUMBER, plain_number

# Each line is one unit in all the ways it is written. One word may mean two of them: 'm' in '5 m' and in '$5m'.
_UNITS = """
%, percent, pct, per cent | $, usd, us$, dollar, dollars | €, eur, euro, euros | £, gbp, pound, pounds, pence
¥, yen, jpy | chf, franc, francs | thousand, k | million, millions, mn, m, mio | billion, billions, bn, b | trillion, tn
s, sec, secs, second, seconds | min, mins, minute, minutes | h, hr, hrs, hour, hours | day, days | week, weeks
month, months | year, years, yr, yrs | decade, decades | century, centuries
mm, millimetre, millimetres, millimeter, millimeters | cm, centimetre, centimetres, centimeter, centimeters
m, metre, metres, meter, meters | km, kilometre, kilometres, kilometer, kilometers | inch, inches, "
ft, foot, feet | mile, miles, mi | yard, yards, yd | nm, nanometre, nanometer, nanometers | µm, um, micron, microns
mg, milligram, milligrams | µg, mcg, microgram, micrograms | g, gram, grams | kg, kilogram, kilograms, kilo, kilos
t, ton, tons, tonne, tonnes | lb, lbs, pound, pounds | oz, ounce, ounces | acre, acres | ha, hectare, hectares
ml, millilitre, millilitres, milliliter, milliliters | l, litre, litres, liter, liters | gal, gallon, gallons
bar, bars | mbar, millibar | pa, pascal | kpa | mpa | psi | °c, celsius, degc | °f, fahrenheit, degf
°, degree, degrees | k, kelvin | v, volt, volts | kv, kilovolt | amp, amps, ampere, amperes | ma, milliampere
w, watt, watts | kw, kilowatt, kilowatts | mw, megawatt, megawatts | gw | wh | mwh
kwh, kilowatt-hour, kilowatt-hours | hz, hertz | khz | mhz | ghz | va | kva | db, decibel, decibels | rpm | mph
km/h, kph, kmh | m/s | l/h | l/min | m³/h, m3/h | m², m2, sqm | m³, m3 | km², km2 | kb | mb | gb | tb
bit, bits | byte, bytes | nm, newton-metre | n, newton, newtons | ppm
"""
_MEANINGS: dict[str, frozenset[str]] = {}
for _line in re.split(r"[|\n]", _UNITS.strip()):
    _names = [name.strip() for name in _line.split(",")]
    for _name in _names:
        _MEANINGS[_name] = _MEANINGS.get(_name, frozenset()) | {_names[0]}
_SCALES = frozenset({"thousand", "million", "billion", "trillion"})
_UNSCALED = frozenset({""})

_TENS = {w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_ONES = {w: n for n, w in enumerate(f"zero one two three four five six seven eight nine {_TEENS}".split())}
_WORDS = "|".join([*_TENS, *_ONES, "hundred"])
_SPELLED = re.compile(rf"\b(?:(?:{_WORDS})(?:[ -](?:and[ -])?(?={_WORDS})|\b))+", re.IGNORECASE)
_BEFORE = re.compile(r"(US\$|[$€£¥]|\b(?:USD|EUR|GBP|CHF))\s?[-−–]?$", re.IGNORECASE)
_UNIT = "|".join(sorted(map(re.escape, _MEANINGS), key=len, reverse=True))
_AFTER = re.compile(rf"[  -]?(?:({_UNIT})(?![\w²³]))", re.IGNORECASE)
_RANGE = re.compile(r"\s*(?:-|–|—|to|and|or|…|\.\.)\s*", re.IGNORECASE)
SMALL = 12  # spelled out and without a unit, numbers up to here are often no more than words: 'the two parts'


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` in one form ('1200.5'); `units` and `scales` are what the words around it may mean ('m' is metres or a
    million); no unit is an empty set, no scale is {""}."""

    value: str
    text: str
    units: frozenset[str] = frozenset()
    scales: frozenset[str] = _UNSCALED
    spelled: bool = False

    @property
    def matters(self) -> bool:
        """Whether a claim may be judged by it: a small number in words is as often a pronoun."""
        return not self.spelled or bool(self.units) or float(self.value) > SMALL


@lru_cache(maxsize=4096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """In the order in which they stand. Of '5–10 °C' both are in degrees."""
    found: list[tuple[int, int, Quantity]] = []
    for match in NUMBER.finditer(text):
        currency = _BEFORE.search(text, 0, match.start())
        units = _MEANINGS[currency.group(1).lower()] if currency else frozenset()
        quantity = Quantity(plain_number(match.group()), match.group(), units)
        found.append((match.start(), *_with_units(quantity, text, match.end())))
    for match in _SPELLED.finditer(text):
        quantity = Quantity(_spelled_value(match.group()), match.group().strip(), spelled=True)
        found.append((match.start(), *_with_units(quantity, text, match.end())))
    found.sort(key=lambda item: item[0])
    said: list[Quantity] = []
    for (_, end, quantity), following in zip(found, [*found, None][1:], strict=True):
        if not quantity.units and following and _RANGE.fullmatch(text, end, following[0]):
            quantity = replace(quantity, units=following[2].units)
        said.append(quantity)
    return tuple(said)


def _with_units(quantity: Quantity, text: str, end: int) -> tuple[int, Quantity]:
    """With up to two that stand behind it ('1.2 billion dollars'), and where they end."""
    for _ in range(2):
        match = _AFTER.match(text, end)
        if not match:
            break
        meaning = _MEANINGS[match.group(1).lower()]
        scales, units = meaning & _SCALES, meaning - _SCALES
        if scales and (not units or quantity.units):  # 'million', or the 'm' of '$5m'
            quantity = replace(quantity, scales=scales)
        else:
            quantity = replace(quantity, units=quantity.units | units, scales=quantity.scales | scales)
        end = match.end()
    return end, quantity


def stands_in(wanted: Quantity, held: Iterable[Quantity], around: str) -> bool:
    """Whether one of `held` is the same number in no other unit. `around` is text that may name the unit apart from the
    number, as a table's column does."""
    return any(quantity.value == wanted.value and _agree(wanted, quantity, around.lower()) for quantity in held)


def _agree(wanted: Quantity, held: Quantity, around: str) -> bool:
    """A claim may leave a unit out, but not a factor of a million."""
    scale = wanted.scales & held.scales or (held.scales == _UNSCALED and _named(wanted.scales, around))
    unit = not wanted.units or wanted.units & held.units or (not held.units and _named(wanted.units, around))
    return bool(scale and unit)


def _named(meanings: frozenset[str], around: str) -> bool:
    """Whether one of them is named somewhere around, in any of its forms."""
    forms = (name for name, meaning in _MEANINGS.items() if meaning & meanings)
    return any(re.search(rf"(?<![^\W\d_]){re.escape(form)}(?![^\W\d_])", around) for form in forms)


def _spelled_value(words: str) -> str:
    total = 0
    for word in re.findall(r"[a-z]+", words.lower()):
        total = (total or 1) * 100 if word == "hundred" else total + _TENS.get(word, 0) + _ONES.get(word, 0)
    return str(total)
