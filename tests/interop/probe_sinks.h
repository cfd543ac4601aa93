// Where a stock client's library puts picture, sound and events: files and counters, for a report.
//
// The library's callbacks carry no context of the caller, so there is one set of sinks per process. Video and
// audio callbacks run on threads of the library; figures are complete once LiStopConnection has returned.
#ifndef LUMEN_TESTS_INTEROP_PROBE_SINKS_H
#define LUMEN_TESTS_INTEROP_PROBE_SINKS_H

#include <Limelight.h>
#include <stdbool.h>
#include <stdio.h>

struct sink_params {
  const char* video_path;   // empty: not written
  const char* frames_path;  // likewise
  const char* audio_path;   // likewise
  int video_capabilities;   // CAPABILITY_… beside direct submission
};

bool sinks_open(const struct sink_params* params);
DECODER_RENDERER_CALLBACKS* sinks_video(void);
AUDIO_RENDERER_CALLBACKS* sinks_audio(void);
CONNECTION_LISTENER_CALLBACKS* sinks_listener(void);

// Waits until the host ended the session or `milliseconds` are over; true when it ended.
bool sinks_wait_for_end(int milliseconds);
// Reads what is only known while the connection lives (round trip, packet counters). Before LiStopConnection.
void sinks_snapshot(void);
// Writes the members of a JSON object, without braces. After LiStopConnection.
void sinks_report(FILE* out);
long sinks_idr_count(void);
void sinks_close(void);

#endif
