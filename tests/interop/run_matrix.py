#!/usr/bin/env python3
"""Drives the stock client and the probe against a running host and prints a table; scripts/interop calls it.

Every row is judged by what the client saw: exit status and words of the stock program, the probe's report, and what
ffmpeg makes of the picture. Results (reports, pictures, sound, logs) lie in the folder of --results, one per row.
Exit status: 0 all rows passed; 1 some did not; 2 the host could not be reached at all.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import gamestream_api

HERE = pathlib.Path(__file__).resolve().parent
SUFFIX = {"h264": "h264", "hevc": "hevc", "hevc10": "hevc", "av1": "ivf", "av110": "ivf"}
AV1_BITS, HEVC_BITS, H264_BITS = 0xF000, 0x0F00, 0x000F
MEDIA_UDP = "47998,47999,48000"


def case(name, mode="1280x720x60", codec="h264", channels=2, encryption="all", bitrate=10000, **more):
    return {"name": name, "mode": mode, "codec": codec, "channels": channels, "encryption": encryption,
            "bitrate": bitrate, **more}


CASES = [
    case("h264-720p60"),
    case("h264-720p60-clear", encryption="none"),
    case("h264-1080p60", mode="1920x1080x60", bitrate=20000),
    case("h264-1080p60-clear", mode="1920x1080x60", bitrate=20000, encryption="none"),
    case("h264-remote", remote="auto"),
    case("h264-small-packets", packet_size=512),
    case("hevc-720p30", mode="1280x720x30", codec="hevc"),
    case("av1-720p30", mode="1280x720x30", codec="av1"),
    case("sound-5.1", channels=6),
    case("sound-5.1-high", channels=6, bitrate=20000),
    case("sound-7.1", channels=8),
    case("sound-7.1-high", channels=8, bitrate=20000, encryption="none"),
    # No desktop takes the touchpads and motion of pads yet: the host does not announce them, the library refuses.
    case("input", input=HERE / "everything.input"),
    # The strict library leaves out one datagram of each block itself; only with losses does it need the later parity.
    case("loss-1-strict", loss=1.0, arrives=0.7, strict=True),
    # `arrives`: the least share of the frames the client must be able to decode.
    case("loss-1", loss=1.0, arrives=0.95),
    case("loss-2", loss=2.0, arrives=0.99, lost=0),
    case("loss-5", loss=5.0, arrives=0.85),
    case("loss-5-bursts", loss=5.0, burst=4.0, arrives=0.6),
    case("loss-10-invalidation", loss=10.0, invalidation=1, arrives=0.5),
]


class Failed(Exception):
    """The row did not pass; the text says why."""


def demand(condition, text):
    if not condition:
        raise Failed(text)


class Rig:
    def __init__(self, options):
        self.o = options
        self.results = pathlib.Path(options.results)
        self.keys = self.folder("keys")
        self.rows = []

    def folder(self, name):
        path = self.results / name
        if name != "keys":
            shutil.rmtree(path, ignore_errors=True)  # what an earlier run left must not be judged
        path.mkdir(parents=True, exist_ok=True)
        return path

    # --- the stock program ---------------------------------------------------------------------------------------

    def stock(self, folder, *arguments, environment=None):
        """Starts it; the keys lie in the results, options come after the action."""
        command = [self.o.moonlight, *arguments, "-keydir", str(self.keys), "-port", str(self.o.port), self.o.host]
        log = open(folder / "moonlight.log", "w", encoding="utf-8")
        # Its output is buffered when it is no terminal: pair flushes, the rest is complete when it ends.
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                cwd=self.results, env={**os.environ, **(environment or {})}), folder / "moonlight.log"

    def stock_text(self, folder, *arguments, seconds=30):
        process, log = self.stock(folder, *arguments)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        demand(process.wait() != -signal.SIGKILL, f"moonlight {arguments[0]} did not end within {seconds} s")
        return log.read_text(errors="replace")

    def pair(self, folder, host_pin, client_pin):
        """The client exits with 0 whatever happens: only its words tell."""
        process, log = self.stock(folder, "pair", "-pin", client_pin)
        wait_until(lambda: "enter the following PIN" in log.read_text() or process.poll() is not None, 10)
        if process.poll() is None:
            command = self.o.pair_command.replace("{pin}", host_pin)
            typed = subprocess.run(shlex.split(command), capture_output=True, text=True, timeout=30, check=False)
            (folder / "host-pair.log").write_text(f"{command}\n{typed.stdout}{typed.stderr}rc {typed.returncode}\n")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()
        process.wait()
        return log.read_text(errors="replace")

    def row_wrong_pin(self, folder):
        text = self.pair(folder, "4321", "1234")
        refused = "Failed to pair" in text and "Already paired" not in text
        demand(refused, f"a wrong PIN was not refused: {last_line(text)}")
        return "refused"

    def row_pair(self, folder):
        text = self.pair(folder, "1234", "1234")
        demand("Succesfully paired" in text, last_line(text))
        return last_line(text)

    def row_list(self, folder):
        text = self.stock_text(folder, "list")
        apps = [line.split(". ", 1)[1] for line in text.splitlines() if ". " in line and line[0].isdigit()]
        demand(self.o.app in apps, f"no app called {self.o.app}: {last_line(text)}")
        return ", ".join(apps)

    def row_stock_stream(self, folder, codec="h264", encryption=None, more=(), fps=60):
        tap = {"LD_PRELOAD": self.o.tap, "LUMEN_TAP_VIDEO": str(folder / f"video.{SUFFIX[codec]}"),
               "LUMEN_TAP_FRAMES": str(folder / "frames.csv"), "LUMEN_TAP_AUDIO": str(folder / "sound.wav"),
               "LUMEN_TAP_REPORT": str(folder / "report.json")}
        if encryption is not None:
            tap["LUMEN_TAP_ENCRYPTION"] = str(encryption)
        process, log = self.stock(folder, "stream", "-platform", "fake", "-viewonly", "-debug", "-app", self.o.app,
                                  "-remote", "no", "-codec", codec, "-fps", str(fps), *more, environment=tap)
        time.sleep(self.o.seconds)
        demand(process.poll() is None, f"the client ended early: {last_line(log.read_text(errors='replace'))}")
        process.send_signal(signal.SIGTERM)  # ends the session as a user would
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(15)
        process.kill()
        demand(process.wait() == 0, f"the client ended with {process.returncode}")
        # It reports in the log which verb it used.
        text = log.read_text(errors="replace")
        report = json.loads((folder / "report.json").read_text())
        demand(report["start_result"] == 0, f"no connection: {last_line(text)}")
        verb = "resume" if "/resume?" in text else "launch"
        what = {"codec": codec, "mode": f"1280x720x{fps}"}
        return f"{verb}; " + self.judge({**report, "log": read_log(log)}, folder, what)

    def row_resume(self, folder):
        demand(self.api().running_app() != 0, "nothing runs after the client went away")
        text = self.row_stock_stream(folder)
        demand(text.startswith("resume"), "the client launched instead of resuming")
        return text

    def row_quit(self, folder):
        self.stock_text(folder, "quit")
        demand(self.api().running_app() == 0, "an app still runs after quit")
        return "nothing runs"

    # --- the probe -----------------------------------------------------------------------------------------------

    def api(self):
        return gamestream_api.Host(self.o.host, self.o.port, self.keys)

    def probe_command(self, folder, what, session):
        keys = {**session, "mode": what["mode"], "bitrate": what["bitrate"], "channels": what["channels"],
                "encryption": what["encryption"], "seconds": self.o.seconds, "remote": what.get("remote", "local"),
                "formats": "h264" if what["codec"] == "h264" else f"h264,{what['codec']}",
                "packet_size": what.get("packet_size", 1392), "invalidation": what.get("invalidation", 0),
                "video": folder / f"video.{SUFFIX[what['codec']]}", "frames": folder / "frames.csv",
                "audio": folder / "sound.wav", "report": folder / "report.json"}
        if "input" in what:
            keys["input"] = what["input"]
        session_file = folder / "session.txt"  # keys do not belong on a command line
        session_file.write_text("".join(f"{key}={value}\n" for key, value in keys.items()))
        # The strict library needs a datagram more than the parity allows: no measure of what loss does.
        plain = "loss" in what and not what.get("strict")
        command = [self.o.probe if plain else self.o.strict_probe, f"@{session_file}"]
        if "loss" in what:
            command = [sys.executable, HERE / "udp_relay.py", "--host", self.o.host, "--udp", MEDIA_UDP,
                       "--loss", str(what["loss"]), "--burst", str(what.get("burst", 1.0)), "--seed", "1",
                       "--lossy", "47998,48000", "--report", folder / "relay.json", "--", *command]
            session_file.write_text(session_file.read_text() + "address=127.0.0.1\n")
        return command

    def row_probe(self, folder, what):
        host = self.api()
        return self.stream(host, folder, what, self.launch(host, what))

    def stream(self, host, folder, what, session):
        try:
            with open(folder / "probe.log", "w", encoding="utf-8") as log:
                status = subprocess.run(self.probe_command(folder, what, session), stdout=log, stderr=log,
                                        timeout=self.o.seconds + 60, check=False).returncode
            demand((folder / "report.json").exists(), f"the probe ended with {status} and no report: "
                                                     f"{last_line((folder / 'probe.log').read_text(errors='replace'))}")
            report = json.loads((folder / "report.json").read_text())
            demand(status == 0, f"probe {status}: start {report['start_result']}, stage '{report['failed_stage']}', "
                                f"failure {report['failure']}, end {report['end_code']}")
            return self.judge({**report, "log": read_log(folder / "probe.log")}, folder, what)
        finally:
            host.cancel()

    def launch(self, host, what):
        apps = host.apps()
        demand(self.o.app in apps, f"no app called {self.o.app}")
        return host.start(apps[self.o.app], what["mode"], what["channels"], hdr="10" in what["codec"])

    def row_many_sessions(self, folder):
        """Cancelling right behind the client's back has killed other hosts after some twenty sessions."""
        host, what, count = self.api(), case("short"), self.o.sessions
        before = None
        for number in range(1, count + 1):
            if number == min(5, count):  # what is kept for later is there by now
                before = self.held_by_host()
            command = self.probe_command(folder, what, self.launch(host, what)) + ["seconds=1"]
            with open(folder / "probe.log", "w", encoding="utf-8") as log:
                status = subprocess.run(command, stdout=log, stderr=log, timeout=60, check=False).returncode
            host.cancel()
            demand(status == 0, f"session {number}: probe {status}")
        after = self.held_by_host()
        demand(not before or after["descriptors"] <= before["descriptors"], f"descriptors leak: {before}, {after}")
        demand(not before or after["threads"] <= before["threads"], f"threads leak: {before}, {after}")
        demand(not before or after["children"] <= before["children"], f"processes leak: {before}, {after}")
        return f"{count} sessions of a second; the host holds {after or 'unknown'}, before {before or 'unknown'}"

    def held_by_host(self):
        """What /proc says of the host between two sessions; None when it is not ours to look at."""
        if not self.o.host_pid:
            return None
        proc = pathlib.Path("/proc") / str(self.o.host_pid)
        children = (proc / "task" / str(self.o.host_pid) / "children")
        wait_until(lambda: not children.read_text().strip(), 5)
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        return {"descriptors": len(list((proc / "fd").iterdir())), "threads": int(status["Threads"]),
                "children": len(children.read_text().split()), "rss_mb": int(status["VmRSS"].split()[0]) // 1024}

    def row_killed(self, folder):
        """A client that dies without a word must find its session free again at once."""
        host, what, slowest = self.api(), case("again"), 0.0
        session = self.launch(host, what)
        for number in range(1, self.o.kills + 1):
            report = folder / "report.json"
            report.unlink(missing_ok=True)
            with open(folder / "killed.log", "w", encoding="utf-8") as log:
                client = subprocess.Popen(self.probe_command(folder, what, session), stdout=log, stderr=log)
                time.sleep(1)
                demand(client.poll() is None, f"client {number} did not wait to be killed: it ended by itself")
                client.kill()
                client.wait()
            begin = time.monotonic()
            session = self.launch(host, what)
            slowest = max(slowest, time.monotonic() - begin)
            demand(slowest < 1, f"after {number} killed clients the host took {slowest:.1f} s to let one in again")
        return (f"{self.o.kills} killed, in again after {1000 * slowest:.0f} ms at most; "
                f"{self.stream(host, folder, what, session)}")

    # --- what came -----------------------------------------------------------------------------------------------

    def judge(self, report, folder, what):
        video, audio = report["video"], report["audio"]
        lossy = "loss" in what
        width, height, fps = (int(number) for number in what["mode"].split("x"))
        wanted = {"h": HEVC_BITS if what["codec"].startswith("hevc") else H264_BITS, "a": AV1_BITS}[what["codec"][0]]
        demand(video["format"] & wanted, f"format {video['format']:#x} was negotiated for {what['codec']}")
        demand(video["idr"] > 0, "no key frame came")
        least = what.get("arrives", 0.8) * fps * (self.o.seconds - 1)
        demand(video["frames"] >= least, f"only {video['frames']} frames came, not {least:.0f}")
        demand(video["missing"] == 0 or lossy, f"{video['missing']} frames are missing")
        demand(report["log"]["video"] > 0 or not lossy, "no picture was recovered from parity")
        demand(report["log"]["audio"] > 0 or not lossy, "no sound was recovered from parity")
        demand(video["missing"] <= what.get("lost", video["missing"]), f"{video['missing']} frames are lost")
        demand(report["log"]["errors"] == 0, f"{report['log']['errors']} faults in parity: see the log")
        demand(audio["packets"] > 0 and audio["undecodable"] == 0, f"sound: {audio['packets']} packets, "
                                                                   f"{audio['undecodable']} undecodable")
        demand(audio["first_after_ms"] < 1500, f"sound only after {audio['first_after_ms']:.0f} ms; the client drops 500")
        demand(audio["smallest_packet"] == audio["largest_packet"], "sound packets differ in size")
        demand(audio["channels"] == what.get("channels", 2), f"{audio['channels']} channels were negotiated")
        self.judge_tones(audio)
        if "input" in what:
            demand(report["input"]["failed"] == 0 and report["input"]["unsupported"] == what.get("unsupported", 0),
                   f"input: {report['input']}")
            self.check_input()
        problems = decode(folder, SUFFIX[what["codec"]], width, height, video["frames"])
        demand(not problems or video["missing"] > 0, f"ffmpeg: {problems}")
        return self.describe(report)

    def judge_tones(self, audio):
        for channel, wanted in enumerate(self.o.tones[:audio["channels"]]):
            demand(channel < len(audio["tones"]), "less than a second of sound came")
            heard = audio["tones"][channel]
            demand(wanted == 0 or (abs(heard["tone_hz"] - wanted) <= 2 and heard["share"] > 0.5),
                   f"channel {channel}: {heard} instead of {wanted} Hz")

    def check_input(self):
        if self.o.input_check:
            check = subprocess.run(self.o.input_check, shell=True, capture_output=True, text=True, check=False)
            demand(check.returncode == 0, f"the host did not see the input: {last_line(check.stdout + check.stderr)}")

    @staticmethod
    def describe(report):
        video, audio, log = report["video"], report["audio"], report["log"]
        interval = video["interval_us"] or {"p50": 0, "p99": 0}
        latency = video["host_latency_tenths_ms"]
        tones = "/".join(str(tone["tone_hz"]) for tone in audio["tones"])
        return (f"{video['frames']} frames, {video['idr']} idr, {video['missing']} missing; every "
                f"{interval['p50'] / 1000:.1f} ms, p99 {interval['p99'] / 1000:.1f}; host "
                f"{'unknown' if latency is None else str(latency['p50'] / 10) + ' ms'}; first after "
                f"{video['first_after_ms']:.0f} ms, sound {audio['first_after_ms']:.0f} ms; recovered "
                f"{log['video']} + {log['audio']}, lost {log['lost']}; {audio['packets']} sound ({audio['lost']} lost) "
                f"tones {tones}")

    # --- the table -----------------------------------------------------------------------------------------------

    def row(self, name, function, *arguments):
        if self.o.only and name not in self.o.only:
            return
        folder, begin = self.folder(name), time.monotonic()
        try:
            text, good = function(folder, *arguments), True
        except (Failed, gamestream_api.Refused, OSError, subprocess.TimeoutExpired, ValueError) as error:
            text, good = f"{error}" or type(error).__name__, False
        self.rows.append((name, good, text))
        print(f"  {'ok    ' if good else 'FAILED'} {name:22} {time.monotonic() - begin:5.1f} s  {text}", flush=True)

    def run(self):
        if not self.o.paired:
            self.row("pair-wrong-pin", self.row_wrong_pin)
            self.row("pair", self.row_pair)
        self.row("list", self.row_list)
        self.row("stock-launch", self.row_stock_stream)
        self.row("stock-resume", self.row_resume)
        self.row("stock-quit", self.row_quit)
        self.row("stock-clear", self.row_stock_stream, "h264", 0, ("-quitappafter",))
        self.row("stock-hevc", self.row_stock_stream, "hevc", None, ("-quitappafter",), 30)
        for what in CASES:
            self.row(what["name"], self.row_probe, what)
        self.row("killed", self.row_killed)
        self.row("many-sessions", self.row_many_sessions)
        (self.results / "table.json").write_text(json.dumps(self.rows, indent=1))
        bad = [name for name, good, _ in self.rows if not good]
        print(f"{len(self.rows) - len(bad)} of {len(self.rows)} rows passed{'; not: ' if bad else ''}{', '.join(bad)}")
        return not bad


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)


def read_log(path):
    """What the library recovered and found wrong: its counters do not say it, its log does."""
    text = path.read_text(errors="replace")

    def total(pattern):
        return sum(int(number) for number in re.findall(pattern, text))

    return {"video": total(r"Recovered (\d+) video data shards"), "audio": total(r"Recovered (\d+) audio data shards"),
            "lost": len(re.findall("Unrecoverable frame", text)),
            "errors": len(re.findall("Recovery error|returned corrupt packet|Failed to decrypt", text))}


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else "(it said nothing)"


def decode(folder, suffix, width, height, frames):
    """Decodes everything, writes the last frame as a picture; what ffmpeg complains of, or nothing."""
    (folder / "frame.png").unlink(missing_ok=True)
    video = folder / f"video.{suffix}"
    ffmpeg = ["ffmpeg", "-v", "error", "-y", "-f", suffix, "-i", video]
    run = subprocess.run([*ffmpeg, "-vsync", "passthrough", "-vf", f"select=gte(n\\,{frames - 5})", "-update", "1",
                          folder / "frame.png"], capture_output=True, text=True, timeout=300,
                         check=False)
    (folder / "ffmpeg.log").write_text(run.stderr)
    if run.returncode != 0 or run.stderr.strip():
        return last_line(run.stderr)
    probe = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=width,height", "-of", "csv=p=0",
                            folder / "frame.png"], capture_output=True, text=True, check=False)
    size = probe.stdout.strip()
    return "" if size == f"{width},{height}" else f"the picture is {size}, not {width},{height}"


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moonlight", required=True)
    parser.add_argument("--probe", required=True)
    parser.add_argument("--strict-probe", required=True, help="the same with a library that asserts")
    parser.add_argument("--tap", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=47989)
    parser.add_argument("--app", default="Desktop")
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--pair-command", default="")
    parser.add_argument("--paired", action="store_true", help="the keys in RESULTS/keys are paired already")
    parser.add_argument("--tones", type=lambda text: [int(t) for t in text.split(",")], default=[],
                        help="Hz expected in each channel, 0 for any")
    parser.add_argument("--input-check", default="", help="shell command that fails unless the host saw the input")
    parser.add_argument("--kills", type=int, default=3, help="how many clients the row `killed` kills")
    parser.add_argument("--sessions", type=int, default=25, help="of the row `many-sessions`")
    parser.add_argument("--host-pid", type=int, default=0, help="of the host, when it runs here")
    parser.add_argument("--only", nargs="*", default=[])
    return parser.parse_args()


def main():
    options = parse_options()
    rig = Rig(options)
    text = rig.stock_text(rig.folder("reach"), "list")  # also makes the client's certificate
    if "Can't connect" in text or "error" in text:
        print(f"run_matrix: the host at {options.host}:{options.port} gives no answer: {last_line(text)}",
              file=sys.stderr)
        sys.exit(2)
    sys.exit(0 if rig.run() else 1)


if __name__ == "__main__":
    main()
