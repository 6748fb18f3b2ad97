"""Names that somebody may give who wants to be where he should not."""

NAMES_OF_NOTHING = [
    "",
    ".",
    "..",
    "/",
    "a/b",
    "../../kube-system/secrets/x",
    "..%2f..%2fkube-system%2fsecrets%2fx",
    "a%00",
    "\ud800",
]
"""What no API server accepts as a name of anything."""

UNPRINTABLE = [
    "a\n",
    "a\r\nHost: evil.example.com",
    "a\x00b",
    "a\x7fb",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "a\u200bb",
    "a\ufeffb",
]
"""What only a CertificateSigningRequest may be called."""

NOT_RFC_1123 = [
    *NAMES_OF_NOTHING,
    *UNPRINTABLE,
    "A",
    "a_b",
    "a b",
    " a",
    "a ",
    "a?b",
    "a#b",
    "a:b",
    "a@b",
    "a\\b",
    "-a",
    "a-",
    ".a",
    "a.",
    "a..b",
    "a.-b",
    "a-.b",
    "ä",
    "\u0430",  # a Cyrillic letter that looks like an a
    "\uff41",  # a fullwidth letter
    "\u212a",  # the Kelvin sign, which is k in lower case
    "\u0131",  # an i without its dot
    "a\u2024b",  # a leader that looks like a full stop
    "a\uff0fb",  # a fullwidth solidus
    "\u0661",  # a digit, but Arabic
    "a" * 254,
]
"""What is no name of a Secret, an issuer or a CertificateRequest."""
