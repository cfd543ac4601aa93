# Shared by the scripts beside it; sourced, never run. Needs bash, coreutils and dpkg only.
# Everything said here goes to standard error: standard output belongs to the script.
# shellcheck shell=bash
set -euo pipefail

# A path as the person who called would write it, kept for messages.
readonly script_name=${0##*/}
repo_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly repo_root
cd "$repo_root"

say() { printf '%s\n' "$*" >&2; }
step() { printf '\n== %s\n' "$*" >&2; }
die() { # die STATUS WHAT REMEDY
  printf 'scripts/%s: %s. %s\n' "$script_name" "$2" "$3" >&2
  exit "$1"
}
bad_usage() { die 2 "$1" "Run scripts/$script_name --help to see what it takes"; }

# The comment at the head of the script is its help.
print_help() { sed -n '2,/^$/{s/^# \{0,1\}//p}' "$0"; }

parallel() { nproc; }

# --- progress -------------------------------------------------------------------------------------------------

# Reads the lines of a long step and shows them as one line in place on a terminal, as a line per 10 % elsewhere.
# The function named by $1 turns a line ($2) into `done_count` and `total_count`, or fails: then the line is
# something to read (a warning, an error) and goes out as it is, unless $2 of show_progress is `quiet`.
show_progress() { # show_progress COUNTER LABEL [quiet]
  local counter=$1 label=$2 quiet=${3:-} line tenth last_tenth=-1 on_terminal='' width=80
  local done_count=0 total_count=0
  if [[ -t 2 ]]; then
    on_terminal=yes
    width=$(stty size <&2 2>/dev/null | cut -d' ' -f2) || width=80
    ((width > 20)) || width=80
  fi
  while IFS= read -r line; do
    if ! "$counter" "$line"; then
      if [[ -z $quiet ]]; then
        [[ -z $on_terminal ]] || printf '\r\033[K' >&2
        printf '%s\n' "$line" >&2
      fi
      continue
    fi
    ((total_count > 0)) || continue
    if [[ $on_terminal ]]; then
      line="  $label [$done_count/$total_count]"
      printf '\r\033[K%s' "${line:0:width-1}" >&2
    else
      tenth=$((10 * done_count / total_count))
      ((tenth <= last_tenth)) || printf '  %s: %d %% (%d/%d)\n' "$label" $((10 * tenth)) "$done_count" "$total_count" >&2
      ((tenth <= last_tenth)) || last_tenth=$tenth
    fi
  done
  [[ -z $on_terminal || $total_count == 0 ]] || printf '\r\033[K' >&2
}

count_ninja() {
  [[ $1 != 'ninja: no work to do.' ]] || return 0
  [[ $1 =~ ^\[([0-9]+)/([0-9]+)\]\  ]] || return 1
  done_count=${BASH_REMATCH[1]} total_count=${BASH_REMATCH[2]}
}

# A package is fetched, unpacked and set up: three steps.
count_apt() {
  if [[ $1 =~ ([0-9]+)\ newly\ installed ]]; then
    total_count=$((3 * BASH_REMATCH[1]))
  elif [[ $1 =~ ^(Get:|Unpacking\ |Setting\ up\ ) ]]; then
    ((done_count >= total_count)) || done_count=$((done_count + 1))
  fi
}

# --- packages -------------------------------------------------------------------------------------------------

# Prints the packages in the lists scripts/packages-NAME.txt, but those in a line that ends in the name of
# another architecture: "package [amd64]".
listed_packages() { # listed_packages NAME…
  local name here
  here=$(dpkg --print-architecture)
  for name in "$@"; do grep -hv '^#' "scripts/packages-$name.txt"; done |
    sed -n "s/ \\[$here\\]\$//; /\\[/!p" | sort -u
}

# Prints those of them that are not installed.
missing_packages() { # missing_packages NAME…
  local wanted=() have
  mapfile -t wanted < <(listed_packages "$@")
  # shellcheck disable=SC2016
  have=$(dpkg-query -W -f='${binary:Package} ${Status}\n' "${wanted[@]}" 2>/dev/null |
    sed -n 's/^\([^ :]*\)[^ ]* install ok installed$/\1/p') || true
  comm -23 <(printf '%s\n' "${wanted[@]}") <(sort -u <<<"$have")
}

as_root() {
  if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi
}

apt_get() { # apt_get ARGUMENT…, never asks
  as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
    -o Acquire::Retries=3 "$@"
}

apt_install() { # apt_install LOG PACKAGE…
  local log=$1
  shift
  apt_get install --no-install-recommends "$@" </dev/null 2>&1 | tee "$log" | show_progress count_apt 'packages' quiet
}

install_packages() { # install_packages NAME…: everything in scripts/packages-NAME.txt
  command -v apt-get >/dev/null ||
    die 1 'this is no Debian system: there is no apt-get here' \
      'Use Debian 12, or install what docs/dependencies.md names and build by hand: cmake --preset release'
  local missing=()
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  if [[ $(id -u) != 0 ]] && ! command -v sudo >/dev/null; then
    die 1 "these packages are missing and only root can install them: ${missing[*]}" \
      "As root, run: apt-get install ${missing[*]}"
  fi
  step "Installing ${#missing[@]} missing packages (and what they need): ${missing[*]}"
  mkdir -p build
  local log=build/apt.log
  ! apt_install "$log" "${missing[@]}" || return 0
  # A machine that was just set up knows no packages yet, one that was not used for long knows old ones.
  say '  bringing the package lists up to date'
  apt_get update >"$log" 2>&1 </dev/null && apt_install "$log" "${missing[@]}" && return 0
  tail -n 15 "$log" >&2
  die 1 'apt-get could not install what is missing' \
    "What it said is above and in $log; Lumen is built for Debian 12 with its main archive"
}

# --- building -------------------------------------------------------------------------------------------------

# Configures a preset where that was not done yet; afterwards ninja itself notices changed CMake files.
configure() { # configure PRESET
  local preset=$1 dir=build/$1 log=build/$1-configure.log flags=()
  if [[ -e $dir/build.ninja && ! CMakePresets.json -nt $dir/build.ninja ]] &&
    grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$repo_root" "$dir/CMakeCache.txt"; then
    return 0
  fi
  mkdir -p build
  command -v ccache >/dev/null &&
    flags=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  cmake --fresh --preset "$preset" "${flags[@]}" >"$log" 2>&1 && return 0
  rm -f "$dir/build.ninja"
  tail -n 30 "$log" >&2
  die 1 "the build could not be set up for the preset $preset" "What cmake said is above and in $log"
}

# Builds targets of a preset (default: all), configuring it first.
build() { # build PRESET [TARGET…]
  local preset=$1 targets=()
  shift
  (($# == 0)) || targets=(--target "$@")
  configure "$preset"
  say "Building $preset …"
  cmake --build --preset "$preset" -j "$(parallel)" "${targets[@]}" 2>&1 | show_progress count_ninja "building $preset" ||
    die 1 "the preset $preset does not build" 'What the compiler said is above'
}
