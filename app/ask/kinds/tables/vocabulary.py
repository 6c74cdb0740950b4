"""The words by which people ask for counts, sums, extremes and filters. Only data and patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from app.ask.language.quantities import quantities
from app.ask.language.words import STOP, stem


@dataclass(frozen=True, slots=True)
class Concept:
    """What a question's word may mean of a column: by the column's name, or by its unit."""

    names: frozenset[str]  # stems
    units: frozenset[str]  # as `unit_of` gives them


@lru_cache(maxsize=50_000)
def root(word: str) -> str:
    """The stem, with which 'code' and 'codes', 'name' and 'names' meet."""
    found = stem(word)
    return found[:-1] if len(found) == 4 and found.endswith("e") else found


def _stems(words: str) -> frozenset[str]:
    return frozenset(root(word) for word in words.split())


@lru_cache(maxsize=2048)
def unit_of(word: str) -> frozenset[str]:
    """What a word means as a unit, in one form: 'euros', '€' and 'EUR' are the same; nothing where it is none."""
    word = word.strip(" .()[]").lower()
    word = {"db(a)": "db", "dba": "db", "h": "hours", "a": "amp"}.get(word, word)
    found = quantities(f"5 {word}") if word and len(word) < 14 else ()
    return found[0].units if found else frozenset()


def _units(words: str) -> frozenset[str]:
    return frozenset(meaning for word in words.split() for meaning in unit_of(word))


MONEY = "eur usd gbp chf"
PRICE = Concept(_stems("price cost amount fee salary wage income budget revenue spend rent"), _units(MONEY))
NOISE = Concept(_stems("noise sound loudness loud"), _units("db"))
LENGTH = Concept(_stems("length distance"), _units("m mm cm km"))
TIME = Concept(_stems("duration time hour day minute week month period"), _units("hours min s days weeks months years"))
WEIGHT = Concept(_stems("weight mass"), _units("kg g t lb"))
HEIGHT, WIDTH, DEPTH = (Concept(_stems(w), frozenset()) for w in ("height", "width breadth", "depth thickness"))
SPEED = Concept(_stems("speed velocity"), _units("rpm km/h m/s mph"))
HEAT = Concept(_stems("temperature"), _units("°c °f"))
POWER = Concept(_stems("power output wattage capacity"), _units("w kw"))
AGE = Concept(_stems("age"), frozenset())
PERSON = Concept(
    _stems(
        "assignee employee person owner responsible author staff agent customer technician contact manager user "
        "member student teacher driver doctor seller salesperson rep buyer client tenant worker whom who colleague "
        "participant "
        "name patient engineer supplier inspector reviewer applicant candidate attendee"
    ),
    frozenset(),
)
PLACE = Concept(_stems("place location city country building site room region address town branch office"), frozenset())

# Superlatives: in which direction, and of what, where the word itself tells. 'date' is any column of dates.
_SUPERLATIVES = """
most: highest largest biggest greatest maximum max most best top strongest peak
least: lowest smallest least minimum min fewest worst weakest
most PRICE: priciest dearest costliest | least PRICE: cheapest
most NOISE: loudest noisiest | least NOISE: quietest softest
most LENGTH TIME: longest | least LENGTH TIME: shortest
most WEIGHT: heaviest | least WEIGHT: lightest
most HEIGHT: tallest | most WIDTH: widest | least WIDTH: narrowest | most DEPTH: deepest thickest
least DEPTH: shallowest thinnest | most SPEED: fastest | least SPEED: slowest
most HEAT: hottest warmest | least HEAT: coldest coolest
most DATE: newest latest youngest | least DATE: oldest earliest
"""
_CONCEPTS = {name: value for name, value in list(globals().items()) if isinstance(value, Concept)}
SUPERLATIVES: dict[str, tuple[str, tuple[str, ...]]] = {}
for _part in re.split(r"[|\n]", _SUPERLATIVES.strip()):
    _head, _, _words = _part.strip().partition(":")
    _way, *_what = _head.split()
    SUPERLATIVES |= {word: (_way, tuple(_what)) for word in _words.split()}
TWO_WORDS = {  # 'most expensive', 'least loud'
    "expensive": "PRICE", "costly": "PRICE", "loud": "NOISE", "noisy": "NOISE", "recent": "DATE", "heavy": "WEIGHT",
    "powerful": "POWER", "cheap": "PRICE",
}  # fmt: skip

# What words of a question may mean of a column, beside its own name.
MEANT: dict[str, Concept] = {}
for _words, _concept in (
    ("cost price expensive cheap spend spent pay paid worth money charge amount earn", PRICE),
    ("loud noisy noise quiet sound", NOISE), ("long short length", LENGTH), ("weigh heavy light weight mass", WEIGHT),
    ("duration last took take", TIME), ("tall high height", HEIGHT), ("wide width", WIDTH), ("deep depth", DEPTH),
    ("fast slow speed", SPEED), ("hot cold warm temperature", HEAT), ("powerful power", POWER), ("old age", AGE),
    ("who whose whom person people", PERSON), ("where", PLACE),
):  # fmt: skip
    MEANT |= {root(word): _concept for word in _words.split()}
MEANT |= {"longer": LENGTH, "shorter": LENGTH, "heavier": WEIGHT, "lighter": WEIGHT, "cheaper": PRICE, "louder": NOISE}
MEANT |= {
    "quieter": NOISE,
    "taller": HEIGHT,
    "faster": SPEED,
    "slower": SPEED,
    "wider": WIDTH,
    "dearer": PRICE,
    "older": AGE,
    "younger": AGE,
}

FILLER = STOP | frozenset(
    """
    list show name give tell find display get count number many much total sum average mean median altogether overall
    together combined whole each every per one ones please let want know like need see look looking let's sort sorted
    order ordered ranked rank rows row entry entries record records item items line lines case cases kind kinds type
    types there's value values thing things made make makes come comes came go goes went belong belongs belonging
    according respectively single still yet ever currently right now exactly only just really actual actually different
    distinct unique various spent spend take takes took taken use used using work worked works done book booked booking
    table tables sheet spreadsheet file column columns figure figures data percent percentage share proportion cent
    fraction two three four five six seven eight nine ten top bottom worth least amount amounts highest lowest equal
    than compare compared versus vs difference differences differ between against higher lower greater less fewer
    common frequent often frequently times time occur occurs appear appears stand stands contain contains containing
    described shown defined labelled marked given listed recorded registered set person people man woman group grouped
    broken down across
    how long far something anything what's who's which's it's i'm that's call called full complete entire
    mark put add adding calculate compute up high heavy big large old loud tall fit fits suit suits left may must might
    need needs apply applies out excluded exclude aside extra please there any get gets got receive receives received
    earn earns live lives based located situated person people total totals date dates month months year years
    """.split()
)
ROW_NOUNS = _stems(
    "entry record row item case line claim booking payment purchase transaction job request position order"
)
THINGS = _stems(
    "model unit variant product type version size device machine article item option appliance size one thing"
)

# A column of yes and no, or of dates that may be empty, by what people call a row of it: (stems of the column's name)
NEGATIVE = {
    word: family
    for family, words in {
        "approv accept grant": "refused rejected declined denied disapproved unapproved",
        "clos resolv complet finish done end solv fix":
            "open unresolved unfinished incomplete unsolved outstanding ongoing",
        "paid pay settl": "unpaid outstanding owed unsettled",
        "ship deliver sent": "unshipped undelivered unsent",
        "return": "unreturned", "check": "unchecked", "sign": "unsigned", "confirm": "unconfirmed",
        "activ enabl": "inactive disabled", "avail": "unavailable", "valid": "invalid",
    }.items()
    for word in words.split()
}  # fmt: skip
POSITIVE = {
    word: family
    for family, words in {
        "approv accept grant": "approved accepted granted",
        "clos resolv complet finish done end solv fix": "closed resolved completed finished solved fixed done ended",
        "paid pay settl": "paid settled", "ship deliver sent": "shipped delivered sent",
    }.items()
    for word in words.split()
}  # fmt: skip
# What a date is the date of, by words of the question: (words, stems of the column's name)
DATED = (
    ("expire expires expired expiry end ends ended ending due finish finishes terminate terminates",
     "end expir due until finish terminat valid"),
    ("start starts started begin begins began sign signed starting", "start begin from sign effectiv commenc"),
    ("hire hired join joined employed", "hir join start entry"),
    ("open opened create created reported received", "open creat report receiv"),
    ("close closed resolve resolved completed finished", "clos resolv complet finish end"), ("born", "birth born"),
    ("pay paid", "paid pay"), ("deliver delivered shipped", "deliver ship"),
    ("buy bought purchased ordered", "order purchas bought"),
)  # fmt: skip
YES, NO = frozenset({"yes", "y", "true", "x", "✓", "✔", "ja", "1"}), frozenset({"no", "n", "false", "nein", "✗", "0"})


def concepts(names: tuple[str, ...]) -> list[Concept]:
    return [_CONCEPTS[name] for name in names if name in _CONCEPTS]
