#!/usr/bin/env python3
"""The table of desktops in docs/desktops.md, made from what the contract tests wrote down.

Usage: desktops_table.py [--check] RESULTS
  RESULTS   the folder that LUMEN_DESKTOP_RESULTS named while the tests ran
  --check   change nothing; fail when the table is not what the results say
"""
import pathlib
import sys

BEGIN, END = '<!-- table: tools/desktops_table.py -->', '<!-- end of table -->'
COLUMNS = [('any_mode', 'any size'), ('live_mode', 'changes live'), ('max_refresh_mhz', 'rate'),
           ('removable', 'gone afterwards'), ('text', 'text'), ('touch', 'touch'), ('pen', 'pen'),
           ('sub_pixel', 'parts of pixels'), ('pointer_apart', 'pointer left out')]


def cell(name, value):
    if name == 'max_refresh_mhz':
        return 'as asked' if value == '0' else f'≤ {int(value) / 1000:g} Hz'
    return 'yes' if value == '1' else 'no'


def rows(folder):
    for path in sorted(pathlib.Path(folder).glob('*.txt')):
        facts = dict(line.split('=', 1) for line in path.read_text().splitlines())
        cells = [cell(name, facts[name]) for name, _ in COLUMNS]
        yield f"| {facts['desktop']} | {facts['capture']} | " + ' | '.join(cells) + ' |'


def main(arguments):
    check = '--check' in arguments
    folders = [each for each in arguments if not each.startswith('--')]
    if len(folders) != 1:
        sys.exit(__doc__)
    page = pathlib.Path(__file__).resolve().parent.parent / 'docs/desktops.md'
    text = page.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    head = '| desktop | picture | ' + ' | '.join(title for _, title in COLUMNS) + ' |'
    table = '\n'.join([head, '|---' * (len(COLUMNS) + 2) + '|', *rows(folders[0])])
    new = f'{before}{BEGIN}\n{table}\n{END}{after}'
    if new == text:
        return 0
    if check:
        print('docs/desktops.md does not say what the tests saw. Run: '
              f'tools/desktops_table.py {folders[0]}', file=sys.stderr)
        return 1
    page.write_text(new)
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
