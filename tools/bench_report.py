#!/usr/bin/env python3
"""Key figures of the benchmarks as JSON and as the tables of docs/performance.md.

Usage: bench_report.py [--json FILE|-] [--markdown FILE] RESULT.json…

RESULT.json is what fec_bench and path_bench wrote with --benchmark_out, what fec_sweep printed, or what --json wrote
before. Figures are medians of the repetitions. Times of codes are CPU time of the thread; paths have both clocks.
--markdown replaces what stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`.
"""
import argparse
import collections
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
TO_MICROSECONDS = {'ns': 1e-3, 'us': 1.0, 'ms': 1e3, 's': 1e6}
CPU_FLAGS = ('ssse3', 'avx2', 'avx512f', 'avx512bw', 'gfni', 'aes', 'vaes', 'vpclmulqdq')
LEVELS = ('gfni', 'avx512', 'avx2', 'ssse3', 'scalar')
OPERATIONS = {'encode': 'encode', 'recover_worst': 'recover, as many lost as there is parity',
              'recover_2pct': 'recover, 2 % lost'}

# What was promised: operation, case, codec, level, at most so many µs.
CODE_TARGETS = {
    ('encode', '100+20', 'lumen-gamestream', 'gfni'): 13, ('encode', '100+20', 'lumen-gamestream', 'avx2'): 23,
    ('encode', '180+36', 'lumen-gamestream', 'gfni'): 26, ('encode', '180+36', 'lumen-gamestream', 'avx2'): 43,
    ('recover_worst', '178+36', 'lumen-gamestream', 'gfni'): 62,
    ('recover_2pct', '100+20', 'lumen-gamestream', 'gfni'): 2.5,
    ('encode', 'frame_500KB', 'lumen-leopard', 'gfni'): 45, ('encode', 'frame_2MB', 'lumen-leopard', 'gfni'): 240,
    ('encode', 'frame_10MB', 'lumen-leopard', 'gfni'): 1600,
    ('recover_2pct', 'frame_2MB', 'lumen-leopard', 'gfni'): 270,
    ('recover_2pct', 'frame_10MB', 'lumen-leopard', 'gfni'): 2400,
}
# Path, cipher, way, at least so many Gbit/s at every size.
PATH_TARGETS = (('protect', 'ipsec_mb', 'trains', 16), ('protect', 'openssl', 'trains', 10),
                ('receive', 'ipsec_mb', 'memory', 16), ('receive', 'openssl', 'memory', 10))
# Ours, the peer with the same code.
RIVALS = (('lumen-gamestream', 'nanors'), ('lumen-leopard', 'leopard'))


# --- measured -------------------------------------------------------------------------------------------------

def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, cwd=REPOSITORY).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ''


def machine():
    text = pathlib.Path('/proc/cpuinfo').read_text()
    flags = set(re.search(r'^flags\s*: (.*)$', text, re.M).group(1).split())
    return {'cpu': re.search(r'^model name\s*: (.*)$', text, re.M).group(1), 'cores': os.cpu_count(),
            'flags': [flag for flag in CPU_FLAGS if flag in flags], 'kernel': platform.release()}


def compiler():
    cache = (REPOSITORY / 'build/bench/CMakeCache.txt').read_text()
    value = {name: re.search(rf'^{name}:\w+=(.*)$', cache, re.M).group(1)
             for name in ('CMAKE_CXX_COMPILER', 'CMAKE_CXX_FLAGS_RELWITHDEBINFO')}
    version = output_of(value['CMAKE_CXX_COMPILER'], '--version').splitlines()[0]
    return f"{version}, {value['CMAKE_CXX_FLAGS_RELWITHDEBINFO']}"


def median(runs, figure):
    return statistics.median(run[figure] * TO_MICROSECONDS[run['time_unit']] if figure.endswith('_time')
                             else run[figure] for run in runs)


def code_figures(name, runs):
    operation, case, codec, level = name.split('/')[:4]
    us = median(runs, 'cpu_time')
    return {'operation': operation, 'case': case, 'codec': codec, 'level': level, 'us': us,
            'us_wall': median(runs, 'real_time'), 'gb_s': median(runs, 'bytes_per_second') * 1e-9,
            'blocks': int(runs[0]['blocks']), 'data_shards': int(runs[0]['data_shards']),
            'parity_shards': int(runs[0]['parity_shards'])}


def path_figures(name, runs):
    path, unit, cipher, way = name.split('/')[:4]
    return {'path': path, 'unit': unit, 'cipher': cipher, 'way': way, 'gbit_s': median(runs, 'gbit_s'),
            'gbit_s_cpu': median(runs, 'gbit_s_cpu'), 'allocations': int(max(run['allocations'] for run in runs))}


def sweep_figures(entries):
    """Per operation, peer and level: how our time relates to the peer's over all shapes, and where it is worst."""
    groups = collections.defaultdict(list)
    for entry in entries:
        groups[entry['operation'], entry['codec'], entry['peer'], entry['level']].append(entry)
    figures = []
    for (operation, codec, peer, level), group in sorted(groups.items()):
        ratio = {id(entry): entry['us'] / entry['peer_us'] for entry in group}
        group.sort(key=lambda entry: -ratio[id(entry)])
        figures.append({'operation': operation, 'codec': codec, 'peer': peer, 'level': level, 'shapes': len(group),
                        'slower': sum(value > 1 for value in ratio.values()),
                        'mean_ratio': statistics.geometric_mean(ratio.values()),
                        'worst': [{'ratio': ratio[id(entry)], **{key: entry[key] for key in (
                            'data_shards', 'parity_shards', 'us', 'peer_us')}} for entry in group[:5]]})
    return figures


def figures_of(results):
    """One report from what the programs wrote."""
    groups = collections.defaultdict(list)
    sweep = [entry for result in results for entry in result.get('sweep', ())]
    results = [result for result in results if 'benchmarks' in result]
    for result in results:
        for run in result['benchmarks']:
            if run.get('run_type') == 'iteration':
                if run.get('error_occurred'):
                    sys.exit(f"{run['name']}: {run['error_message']}")
                groups[run['run_name']].append(run)
    if not groups:
        sys.exit('no benchmark was run')
    context = results[0]['context']
    report = {'date': context['date'], 'commit': output_of('git', 'describe', '--always', '--dirty'),
              'machine': machine(), 'caches': context['caches'], 'load': max(r['context']['load_avg'][0] for r in results),
              'compiler': compiler(), 'repetitions': max(map(len, groups.values())), 'codes': [], 'paths': [],
              'sweep': sweep_figures(sweep)}
    for name, runs in groups.items():
        if name.split('/')[0] in OPERATIONS:
            report['codes'].append(code_figures(name, runs))
        else:
            report['paths'].append(path_figures(name, runs))
    report['targets'] = targets(report)
    return report


# --- promised -------------------------------------------------------------------------------------------------

def target(what, unit, limit, measured, is_upper):
    met = measured <= limit if is_upper else measured >= limit
    return {'what': what, 'unit': unit, 'at_most' if is_upper else 'at_least': limit, 'measured': measured, 'met': met}


def targets(report):
    codes = {(c['operation'], c['case'], c['codec'], c['level']): c for c in report['codes']}
    found = [target(' '.join(key), 'µs', limit, codes[key]['us'], True)
             for key, limit in CODE_TARGETS.items() if key in codes]
    for ours, theirs in RIVALS:
        for level in ('gfni', 'avx2'):
            ratios = [(codes[operation, case, ours, level]['us'] / figure['us'], f'{operation} {case}')
                      for (operation, case, codec, their_level), figure in codes.items()
                      if codec == theirs and their_level == level and (operation, case, ours, level) in codes]
            if ratios:
                worst, where = max(ratios)
                found.append(target(f'{ours} / {theirs}, {level}, worst of {len(ratios)}: {where}', 'times its time',
                                    1, worst, True))
    for path, cipher, way, limit in PATH_TARGETS:
        speeds = [p['gbit_s'] for p in report['paths'] if (p['path'], p['cipher'], p['way']) == (path, cipher, way)]
        if speeds:
            found.append(target(f'{path} {cipher} {way}, slowest size', 'Gbit/s', limit, min(speeds), False))
    for figure in report['sweep']:
        found.append(target(f"{figure['operation']}: shapes where {figure['codec']} is slower than {figure['peer']}, "
                            f"{figure['level']}, of {figure['shapes']}", '', 0, figure['slower'], True))
    if report['paths']:
        found.append(target('allocations on any path', '', 0, max(p['allocations'] for p in report['paths']), True))
    return found


# --- shown ----------------------------------------------------------------------------------------------------

def number(value):
    """Three digits that mean something."""
    if isinstance(value, int):
        return str(value)
    return f'{value:.0f}' if value >= 100 else f'{value:.1f}' if value >= 10 else f'{value:.2f}'


def table(head, rows):
    lines = ['| ' + ' | '.join(head) + ' |', '|---|' + '--:|' * (len(head) - 1)]
    return '\n'.join(lines + ['| ' + ' | '.join(row) + ' |' for row in rows])


def code_table(report, operation, frames, without=('scalar', 'ssse3')):
    chosen = [c for c in report['codes'] if c['operation'] == operation and c['case'].startswith('frame_') == frames
              and not (c['codec'].startswith('lumen') and c['level'] in without)]
    cases = sorted({c['case'] for c in chosen}, key=size_of)
    cells = {(c['codec'], c['level'], c['case']): c['us'] for c in chosen}
    coders = sorted({key[:2] for key in cells},
                    key=lambda coder: (not coder[0].startswith('lumen'), coder[0], LEVELS.index(coder[1])))
    rows = [[f'{codec}, {level}'] + [number(cells[codec, level, case]) if (codec, level, case) in cells else '–'
                                     for case in cases] for codec, level in coders]
    return table(['µs'] + [case.removeprefix('frame_') for case in cases], rows)


def levels_table(report):
    chosen = [c for c in report['codes'] if c['codec'].startswith('lumen') and c['case'] in ('100+20', '1000+200')]
    keys = sorted({(c['codec'], c['case'], c['operation']) for c in chosen})
    cells = {(c['codec'], c['case'], c['operation'], c['level']): c for c in chosen}
    levels = [level for level in reversed(LEVELS) if any(c['level'] == level for c in chosen)]
    rows = [[' '.join(key)] + [number(cells[*key, level]['us']) if (*key, level) in cells else '–' for level in levels]
            for key in keys]
    return table(['µs'] + levels, rows)


def path_table(report):
    units = sorted({p['unit'] for p in report['paths']}, key=size_of)
    cells = {(p['path'], p['cipher'], p['way'], p['unit']): p for p in report['paths']}
    rows = []
    for way in sorted({key[:3] for key in cells}):
        here = [cells[(*way, unit)] for unit in units if (*way, unit) in cells]
        rows.append([' '.join(way)] + [f"{p['gbit_s']:.1f} ({p['gbit_s_cpu']:.1f})" for p in here] +
                    [str(max(p['allocations'] for p in here))])
    return table(['Gbit/s by the wall clock (by CPU time)'] + units + ['allocations'], rows)


def size_of(case):
    """What cases are put in order by: 500KB, frame_500KB, or shards as in 100+20."""
    if match := re.search(r'(\d+)([KM])B$', case):
        return (int(match[1]) * {'K': 1, 'M': 1000}[match[2]],)
    return tuple(map(int, case.split('+')))


def target_table(report):
    rows = [[t['what'], f"≤ {t['at_most']}" if 'at_most' in t else f"≥ {t['at_least']}",
             f"{number(t['measured'])} {t['unit']}".strip(), 'yes' if t['met'] else '**no**'] for t in report['targets']]
    return table(['what', 'promised', 'measured', 'met'], rows)


def sweep_table(report):
    rows = []
    for figure in report['sweep']:
        worst = figure['worst'][0]
        rows.append([f"{figure['operation']}, {figure['codec']} / {figure['peer']}, {figure['level']}",
                     str(figure['shapes']), number(figure['mean_ratio']), str(figure['slower']),
                     f"{number(worst['ratio'])} at {worst['data_shards']}+{worst['parity_shards']}: "
                     f"{number(worst['us'])} / {number(worst['peer_us'])} µs"])
    return table(['our time / theirs', 'shapes', 'mean', 'slower', 'worst'], rows)


def machine_text(report):
    m = report['machine']
    caches = ', '.join(f"L{c['level']} {c['type'].lower()} {c['size'] // 1024} KiB" for c in report['caches'])
    return '\n'.join((f"- {m['cpu']}, {m['cores']} cores ({' '.join(m['flags'])}); {caches}",
                      f"- Linux {m['kernel']}; {report['compiler']}",
                      f"- {report['date'][:10]}, commit {report['commit']}, medians of {report['repetitions']}, "
                      f"load before {report['load']:.2f}"))


def parts_of(report):
    parts = {'machine': machine_text(report)}
    if report['targets']:
        parts['targets'] = target_table(report)
    if report['codes']:
        for operation in OPERATIONS:
            parts[f'blocks-{operation}'] = code_table(report, operation, frames=False)
            parts[f'frames-{operation}'] = code_table(report, operation, frames=True)
        parts['levels'] = levels_table(report)
    if report['sweep']:
        parts['sweep'] = sweep_table(report)
    if report['paths']:
        parts['paths'] = path_table(report)
    return parts


def rendered(text, parts):
    for name, part in parts.items():
        pattern = re.compile(rf'(<!-- bench:{name} -->\n).*?(<!-- /bench:{name} -->)', re.S)
        if not pattern.search(text):
            sys.exit(f'there is no place for bench:{name}')
        text = pattern.sub(lambda match: f'{match.group(1)}\n{part}\n\n{match.group(2)}', text)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--json', metavar='FILE')
    parser.add_argument('--markdown', metavar='FILE', type=pathlib.Path)
    parser.add_argument('results', nargs='+', type=pathlib.Path)
    arguments = parser.parse_args()
    results = [json.loads(path.read_text()) for path in arguments.results]
    report = results[0] if 'codes' in results[0] else figures_of(results)
    if arguments.json:
        text = json.dumps(report, indent=1, ensure_ascii=False) + '\n'
        sys.stdout.write(text) if arguments.json == '-' else pathlib.Path(arguments.json).write_text(text)
    if arguments.markdown:
        arguments.markdown.write_text(rendered(arguments.markdown.read_text(), parts_of(report)))


if __name__ == '__main__':
    main()
