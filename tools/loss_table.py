#!/usr/bin/env python3
"""What bad networks did to a stream, as a table in Markdown, judged by what is promised.

Usage: loss_table.py [--markdown FILE] NAME=FIGURES.json…

FIGURES.json is what lumen-selftest --network … --json printed. --markdown replaces what stands between
`<!-- loss -->` and `<!-- /loss -->` there. Exit status 3 when something promised does not hold.
"""
import argparse
import json
import pathlib
import re
import sys

FRAME_MS = 1000 / 60
HEAD = ('network', 'frames', 'lost', 'repaired', 'IDR', 'longest freeze, ms', 'parity, %', 'Mbit/s',
        'queue after 1 s, ms', 'promised', 'holds')


def lost(figures):
    """Frames that the network took: lost, or useless without a lost one."""
    return figures['access_units_lost'] + figures['access_units_undecodable']


def queue_after(figures, seconds):
    """The longest wait at the bottleneck from so many seconds on."""
    tenths = figures['network']['down']['tenths_of_a_second'][int(10 * seconds):]
    return max((moment['queued_ms'] for moment in tenths), default=0.0)


def promises(name, figures):
    """What must hold, in words, and whether it does; nothing is promised of other networks."""
    freeze = figures['longest_freeze_ms']
    if name.startswith(('2 %', '5 %')):
        return 'no frame lost', lost(figures) == 0
    if name.startswith('8 %'):
        few = lost(figures) <= 0.001 * figures['frames_drawn']
        return 'at most 0.1 % lost, no freeze above 100 ms', few and freeze <= 100
    if name.startswith('blackout'):
        return 'back within 100 ms of the link', freeze <= 300 + 100 + FRAME_MS
    if name.startswith('50 to 10'):
        return 'queue below 50 ms after 1 s', queue_after(figures, figures['drop_at'] + 1) < 50
    if name.startswith('address'):
        return 'no new connection', figures['host_client']['connections'] == 1
    return '', None


def row(name, figures):
    """One line of the table, and whether it holds what is promised."""
    promised, holds = promises(name, figures)
    queue = f"{queue_after(figures, figures['drop_at'] + 1):.0f}" if figures['drop_at'] else ''
    cells = (name, figures['frames_drawn'], lost(figures), figures['access_units_repaired'], figures['idr_count'],
             f"{figures['longest_freeze_ms']:.0f}", f"{figures.get('parity_percent', 0):.0f}",
             f"{figures['network']['down']['mbit_per_second']:.1f}", queue, promised,
             '' if holds is None else 'yes' if holds else '**no**')
    return '| ' + ' | '.join(str(cell) for cell in cells) + ' |', holds is not False


def main():
    """Reads, judges, prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--markdown', type=pathlib.Path)
    parser.add_argument('figures', nargs='+', metavar='NAME=FIGURES.json')
    arguments = parser.parse_args()
    lines = ['| ' + ' | '.join(HEAD) + ' |', '|---' * len(HEAD) + '|']
    all_hold = True
    for argument in arguments.figures:
        name, path = argument.rsplit('=', 1)
        figures = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
        drop = re.search(r'at ([0-9]+) s', name)
        figures['drop_at'] = int(drop.group(1)) if drop else 0
        line, holds = row(name, figures)
        lines.append(line)
        all_hold = all_hold and holds
    table = '\n'.join(lines) + '\n'
    if arguments.markdown:
        text = arguments.markdown.read_text(encoding='utf-8')
        text, count = re.subn(r'(<!-- loss -->\n).*?(<!-- /loss -->)', lambda m: m[1] + table + m[2], text, flags=re.S)
        if count != 1:
            sys.exit(f'{arguments.markdown} has no place for it: <!-- loss --> and <!-- /loss -->')
        arguments.markdown.write_text(text, encoding='utf-8')
    print(table, end='')
    sys.exit(0 if all_hold else 3)


if __name__ == '__main__':
    main()
