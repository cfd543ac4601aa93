#!/usr/bin/env python3
"""Fails when docs/gamestream.md and the tests disagree on what proves the items of GameStream's checklists.

Usage: check_gamestream_checklist.py [REPOSITORY]

The checklists are numbered: session s1…, media m1…, control and input c1…. A test that proves an item carries its
number at the front of its name, `s12_…` or, for several, `s12_c3_…`, in `*_test.cpp` or `*_contract.hpp`.
The document has one row for each item:

    | s12 | what it demands | `s12_the_test` … and, or instead, why no test shows it |

Faults: an item without a row or with two; a row with neither a test nor a reason; a test named there that does not
exist or lacks the row's number; a row of scripts/interop named there that does not exist; a test with the number of
no item.
"""
import pathlib
import re
import sys

ITEMS = {'s': 72, 'm': 50, 'c': 40}
DOCUMENT = 'docs/gamestream.md'
ROW = re.compile(r'\|\s*([smc]\d+)\s*\|([^|]*)\|([^|]*)\|\s*$')
NUMBERED = re.compile(r'(?:[smc]\d+_)+\w+')
TEST = re.compile(r'^(?:TEST|TEST_F|TEST_P|TYPED_TEST|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP)\(\s*\w+,\s*(\w+)', re.MULTILINE)
INTEROP = re.compile(r'interop rows? ((?:`[^`]+`(?:, | and )?)+)')
MIN_REASON_WORDS = 3


def items_of(test):
    return re.findall(r'[smc]\d+', re.match(r'(?:[smc]\d+_)+', test).group())


def numbered_tests(repository):
    found = {}
    for folder, pattern in (('src', '*_test.cpp'), ('tests', '*_test.cpp'), ('tests', '*_contract.hpp')):
        for path in sorted((repository / folder).rglob(pattern)):
            for name in TEST.findall(path.read_text()):
                if NUMBERED.fullmatch(name):
                    found[name] = path.relative_to(repository)
    return found


def rows_of(document):
    for number, line in enumerate(document.read_text().splitlines(), 1):
        if match := ROW.match(line):
            yield (number, *(cell.strip() for cell in match.groups()))


class Checker:
    def __init__(self, repository):
        self.document = repository / DOCUMENT
        self.items = [f'{part}{number}' for part, count in ITEMS.items() for number in range(1, count + 1)]
        self.tests = numbered_tests(repository)
        self.interop = (repository / 'tests/interop/run_matrix.py').read_text()
        self.faults = 0

    def fault(self, where, what):
        print(f'{where}: {what}')
        self.faults += 1

    def check_row(self, where, item, proof):
        quoted = re.findall(r'`([^`]*)`', proof)
        tests = [name for name in quoted if NUMBERED.fullmatch(name)]
        for name in tests:
            if name not in self.tests:
                self.fault(where, f'there is no test {name}')
            elif item not in items_of(name):
                self.fault(where, f'the test {name} does not carry the number {item}')
        for names in INTEROP.findall(proof):
            for name in re.findall(r'`([^`]+)`', names):
                if f'"{name}"' not in self.interop:
                    self.fault(where, f'scripts/interop has no row {name}')
        if not tests and len(re.sub(r'`[^`]*`', ' x ', proof).split()) < MIN_REASON_WORDS:
            self.fault(where, f'{item} has neither a test nor a reason')

    def run(self):
        rows = {}
        for number, item, _, proof in rows_of(self.document):
            where = f'{DOCUMENT}:{number}'
            if item not in self.items:
                self.fault(where, f'there is no item {item}')
            elif item in rows:
                self.fault(where, f'{item} has a row above already')
            rows[item] = proof
            self.check_row(where, item, proof)
        for item in self.items:
            if item not in rows:
                self.fault(DOCUMENT, f'{item} has no row')
        for name, path in self.tests.items():
            for item in items_of(name):
                if item not in self.items:
                    self.fault(path, f'{name}: there is no item {item}')
        proven = {item for name in self.tests for item in items_of(name)}
        print(f'{len(self.items)} items: {len(proven & set(self.items))} with {len(self.tests)} tests, '
              f'{len(set(self.items) - proven)} with a reason only; {self.faults} faults')
        return self.faults


if __name__ == '__main__':
    sys.exit(bool(Checker(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__ + '/../..').resolve()).run()))
