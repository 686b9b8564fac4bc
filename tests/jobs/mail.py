"""mail.py - messages as Python's parsers read them.

Takes a JSON list of messages, and prints one of what each consists of.
"""
import json
import re
import sys
from email import policy
from email.parser import BytesParser
from html.parser import HTMLParser


class Page(HTMLParser):
    """The tags with their attributes' names, links, sources and words."""

    def __init__(self):
        super().__init__()
        self.tags, self.links, self.sources, self.words = [], [], [], []
        self.style = False

    def handle_starttag(self, tag, attrs):
        self.style = tag == "style"
        self.tags.append(" ".join([tag, *sorted(name for name, _ in attrs)]))
        for name, value in attrs:
            if name == "href":
                self.links.append(value)
            if name in ("src", "srcset", "background", "poster", "data"):
                self.sources.append(value)
            if name == "style" and re.search(r"url|@import", value, re.I):
                self.sources.append(value)

    def handle_data(self, data):
        if not self.style:
            self.words.append(data)
        elif re.search(r"url\(|@import", data, re.I):
            self.sources.append(data)

    def handle_endtag(self, tag):
        self.style = False


def read(raw):
    raw = raw.encode("ascii")  # seven bits, or it fails
    m = BytesParser(policy=policy.default).parsebytes(raw)
    page = Page()
    html = m.get_body(("html",)).get_content()
    page.feed(html)
    return {
        "headers": {k.lower(): str(v) for k, v in m.items()},
        "names": sorted(k.lower() for k in m.keys()),
        "to": [a.addr_spec for a in m["To"].addresses],
        "subject": m["Subject"],
        "parts": [p.get_content_type() for p in m.walk()],
        "longest": max(len(line) for line in raw.splitlines()),
        "defects": [str(d) for p in m.walk() for d in p.defects]
        + [str(d) for v in m.values() for d in v.defects],
        "text": m.get_body(("plain",)).get_content(),
        "html": html,
        "tags": page.tags,
        "links": page.links,
        "sources": page.sources,
        "words": "".join(page.words),
    }


print(json.dumps([read(raw) for raw in json.load(sys.stdin)]))
