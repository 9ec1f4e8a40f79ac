"""Texts of the small collection: what customers of a plant nursery write. All written for tests."""

from collections.abc import Mapping, Sequence

LABELS = ("delivery", "pests", "watering")

SYNTHETIC = {
    "delivery": (
        "I would like to know when my order of lavender will arrive.",
        "Could you please tell me the status of my delivery?",
        "My parcel with the rose bushes has not arrived yet.",
        "I am writing to ask about the tracking number of my order.",
        "The courier left my package at the wrong address.",
        "Please let me know the expected delivery date of my ferns.",
        "I have not received my order and I am concerned about the plants.",
        "Could you please confirm that my parcel has been shipped?",
        "My delivery is late and I would appreciate an update.",
        "I would like to change the delivery address of my order.",
        "The box arrived open and one pot was missing.",
        "I would like to know whether you deliver on Saturdays.",
        "My order was marked as delivered, but nothing is here.",
    ),
    "pests": (
        "I have noticed small white insects on the leaves of my plant.",
        "Could you please advise me on how to remove aphids?",
        "There are spider mites on my indoor palm.",
        "I am concerned about holes in the leaves of my basil.",
        "My lemon tree is covered with a sticky substance.",
        "I would like to know which spray is safe against whitefly.",
        "There are tiny black flies around the soil of my pots.",
        "Could you please tell me what is eating my hostas?",
        "I have found scale insects on the stems of my oleander.",
        "My roses have aphids again and I need advice.",
        "I would like to know how to keep slugs away from lettuce.",
        "There are caterpillars on my cabbage plants.",
        "Please advise me on how to treat thrips on my orchids.",
    ),
    "watering": (
        "How often should I water my succulents during the winter?",
        "I would like to know how much water my fern needs.",
        "Could you please tell me if I am overwatering my plant?",
        "The leaves of my peace lily are drooping after watering.",
        "Is rainwater better than tap water for orchids?",
        "My plant has yellow leaves and the soil is always wet.",
        "I would like to know whether to water in the morning or at night.",
        "Please advise me on watering my tomatoes during the summer.",
        "The soil of my cactus has been dry for weeks; is that normal?",
        "How can I water my plants while I am on holiday?",
        "Could you please tell me how often to mist my calathea?",
        "My basil wilts every afternoon although I water it daily.",
        "I would like to know how to use the self-watering pot.",
        "The drip tray under my plant is full of water.",
    ),
}

REAL = {
    "delivery": (
        "parcel still not here, ordered 9 days ago",
        "tracking hasnt moved since monday??",
        "driver left it over the fence, pots smashed",
        "where's my hedge",
        "got someone elses box of bulbs",
        "can u deliver before the 4th pls",
        "one of the two trays missing from the parcel",
        "says delivered. it is not delivered",
        "moved house last week, can the order go to the new place",
        "still waiting on the apple tree",
        "courier rang nobody, took it back to the depot",
        "do you ship to the islands",
        "ordered express and its been a week",
        "half the order came, rest when?",
        "box was soaked and the label gone",
        "link in your mail says no such parcel",
    ),
    "pests": (
        "little green things all over my chillies, help",
        "something is munching the hostas every night",
        "white fluff on the stems, is that mealybug?",
        "gnats. everywhere. in the kitchen",
        "webs between the leaves of the ivy",
        "what kills slugs but not the dog",
        "sticky leaves on the lemon and now ants",
        "found brown bumps on the bay tree",
        "caterpillars ate the kale in two days",
        "tiny flies come up when i touch the pot",
        "holes in the roses again",
        "is neem ok on herbs we eat",
        "silver streaks on the leaves, thrips?",
        "whitefly in the greenhouse, third year running",
        "grubs in the compost, bad?",
        "leaves curl and there's bugs under",
    ),
    "watering": (
        "how much water for a fiddle leaf in winter",
        "fern is crispy, i water it tho",
        "soil stays wet for 2 weeks, too much?",
        "away for 10 days, what do i do with the plants",
        "tap water here is hard as rock, ok for orchids?",
        "yellow leaves at the bottom, over or under watering",
        "tomatoes split after rain, do i water less",
        "drown it or spray it? the calathea",
        "cactus went soft at the base",
        "does the pot with the red float need filling to max",
        "morning or evening in this heat",
        "peace lily faints every 3 days lol",
        "lawn seed, how often do i wet it",
        "bonsai dried out, dunk the whole pot?",
        "drip hose on the beans how long per day",
        "bottom leaves mushy, tray was full",
    ),
}

REAL_PARTS = {"train": slice(0, 8), "validation": slice(8, 12), "test": slice(12, 16)}


def pairs(texts: Mapping[str, Sequence[str]], part: slice) -> list[tuple[str, str, str]]:
    """Pair each text of a part with the next of its label, and with one of the next label."""
    found = []
    for label, other in zip(LABELS, (*LABELS[1:], LABELS[0]), strict=True):
        mine, theirs = texts[label][part], texts[other][part]
        found += [(a, b, "same") for a, b in zip(mine[::2], mine[1::2], strict=True)]
        found += [(a, b, "other") for a, b in zip(mine[1::2], theirs[::2], strict=True)]
    return found


MARKUP = (
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "![beacon](https://beacon.invalid/a.png) and [a link](javascript:alert(1))",
    "$\\LaTeX$ and $$x^2$$",
    ":material/delete: :red[alarm] :smile: :streamlit:",
    "# Heading\n* list\n\n---\n`code` **bold** ~~gone~~",
    '=HYPERLINK("https://beacon.invalid","click")',
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    "\tstarts with a tab",
    "x",
    "word " * 4_000,
    "👩‍👩‍👧‍👦 family 🏳️‍🌈",
    "שלום, זה טקסט מימין לשמאל",
    "zero\u200bwidth \u202eoverride\u202c and \x07 bell \x1b[31m",
    "'; DROP TABLE sample; --",
    "NaN",
)

HOSTILE_LABELS = (
    "<img src=x onerror=\"document.title='owned'\">",
    "=cmd|' /C calc'!A0",
    "billing",
    "Billing",
    "nan",
    "![b](https://beacon.invalid/l.png) :red[label] $x$",
)
