"""Invented texts, of so many different words that they compress as real ones do."""

from __future__ import annotations

from functools import cache

from pipeline.sandbox.seeded import stream

_WORDS = """
accent angle apron archive armrest autumn backdrop balance banner basket batch beam belt blanket blur border bottle
bracelet brand bright bronze brush buckle button buyer cabinet camera candle canvas carpet catalogue ceramic chair
channel charcoal circle clasp clear close cloth coat collar colour compact contour copper corner cotton cover crop
crystal curtain cushion daylight deep denim depth design desk detail diffuse display dress edge editor elegant
emerald enamel evening fabric facet faint figure filter finish fleece flint floor focus fold format frame fresh
fringe garment gentle glass glaze gloss golden grain granite graphite green handle harbour hazel heel highlight
hinge horizon indigo indoor ivory jacket jewel label lace lamp large lather layer leather legible lens letter light
linen lining linoleum logo lounge lower lustre marble margin market matte meadow medium metal mirror model morning
motif muted narrow natural neutral object olive opaque orchid outdoor outline oval package paint palette panel paper
pastel pattern pearl pebble pewter picture pigment pillow pixel plain plaster pocket polish portrait poster press
print product proof prop quality quartz quilt rattan render request reserve resin retail ribbon ridge rim rough
round ruby saddle sample sandal satin scale scarf scene season seller shade shadow shape sharp sheen shelf shop
silhouette silk silver size sketch sleeve slender slim smooth soft source spectrum stand steel stitch stone strap
stripe studio subject suede sunset surface swatch table tassel terrace texture thread tile timber tint tone topaz
towel transparent trim tripod twill umber upper vase velvet veneer vessel vibrant view vintage violet walnut warm
washed watch weave wide window winter wood wool woven wrapper yarn zip
""".split()  # noqa: SIM905  three hundred quotes say nothing


@cache
def prose(*parts: object, count: int) -> str:
    """So many invented sentences: the same for the same parts."""
    rng = stream("prose", *parts)
    sentences = (" ".join(rng.choices(_WORDS, k=rng.randint(9, 16))) for _ in range(count))
    return " ".join(f"{sentence.capitalize()}." for sentence in sentences)
