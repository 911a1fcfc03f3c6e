"""Bounds and effective defaults of the contract. The models, the CRD's texts and the engine read them here.

A default here is the last resort: the object decides, then its allow-list entry, then the
operator's configuration, then this.
"""

from typing import Final

# Sizes
PARAMS_LIMIT_BYTES: Final = 65_536
PARAMS_LIMIT_KEYS: Final = 64
PARAMS_LIMIT_DEPTH: Final = 8
RESULT_LIMIT_BYTES: Final = 4096
CLASS_LIMIT: Final = 189
METHOD_LIMIT: Final = 63
"""189 + 63 + the dot is 253, the limit of a ConfigMap key."""
NAME_LIMIT: Final = 63
MESSAGE_LIMIT: Final = 1024
TRACEBACK_LIMIT: Final = 2048
ATTEMPT_MESSAGE_LIMIT: Final = 256

# Attempts kept in the status: the first ones tell how it began, the last ones how it is.
ATTEMPTS_KEPT_FIRST: Final = 3
ATTEMPTS_KEPT_LAST: Final = 17
ATTEMPTS_KEPT: Final = ATTEMPTS_KEPT_FIRST + ATTEMPTS_KEPT_LAST

# Ranges
YEAR_SECONDS: Final = 31_536_000
WEEK_SECONDS: Final = 604_800
PRIORITY_LIMIT: Final = 1000
MAX_ATTEMPTS_LIMIT: Final = 100
MAX_DISRUPTIONS_LIMIT: Final = 100
RESTARTS_LIMIT: Final = 10_000
INT32_MAX: Final = 2**31 - 1
EXACT_INTEGER_MAX: Final = 2**53 - 1
"""Above it a JSON reader with floating-point numbers is wrong."""

# Effective defaults
DEFAULT_PRIORITY: Final = "medium"
DEFAULT_QUEUE: Final = "default"
DEFAULT_PROFILE: Final = "default"
DEFAULT_MAX_ATTEMPTS: Final = 3
DEFAULT_RETRY_DELAY_SECONDS: Final = 10
DEFAULT_RETRY_MAX_DELAY_SECONDS: Final = 600
DEFAULT_JITTER_PERCENT: Final = 20
DEFAULT_MAX_DISRUPTIONS: Final = 10
DEFAULT_TIMEOUT_SECONDS: Final = 3600
DEFAULT_TTL_SECONDS: Final = WEEK_SECONDS
DEFAULT_PRIORITIES: Final = {"high": 100, "medium": 0, "low": -100}
