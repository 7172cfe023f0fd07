"""What readers make of labwright's formats: `read.py junit FILE` and `read.py markdown FILE`, as JSON."""

import json
import sys
from html.parser import HTMLParser

import cmarkgfm
import junitparser


def junit(path):
    suites = junitparser.JUnitXml.fromfile(path)
    cases = [case for suite in suites for case in suite]
    failed = [case for case in cases if any(isinstance(result, junitparser.Failure) for result in case.result)]
    return {
        "tests": suites.tests,
        "failures": suites.failures,
        "cases": len(cases),
        "failed": [f"{case.classname}: {case.result[0].message}" for case in failed],
    }


class Elements(HTMLParser):
    """The elements of a page, and whether each is ended in its place."""

    ALONE = {"br", "hr", "img", "input"}

    def __init__(self):
        super().__init__()
        self.names, self.open, self.is_whole, self.text = {}, [], True, []

    def handle_starttag(self, tag, attributes):
        self.names[tag] = self.names.get(tag, 0) + 1
        if tag not in self.ALONE:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                self.is_whole = False
        else:
            self.is_whole = False

    def handle_data(self, data):
        self.text.append(data)


def markdown(path):
    text = open(path, encoding="utf-8").read()
    html = cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE)
    page = Elements()
    page.feed(html)
    return {
        "elements": page.names,
        "is_whole": page.is_whole and not page.open,
        "text": "".join(page.text),
        "units": len(text.encode("utf-16-le")) // 2,
    }


print(json.dumps({"junit": junit, "markdown": markdown}[sys.argv[1]](sys.argv[2])))
