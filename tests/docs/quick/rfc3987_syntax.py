"""First on the path of the pages' commands: the real one takes a second to import, in each `bgjob`.

jsonschema does without it; then it does not check the formats `iri` and `iri-reference`, which no page has.
"""

raise ImportError(__doc__)
