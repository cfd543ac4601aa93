// Decodes the sound of a session to a WAV file and finds the tone in each channel. One per process.
#ifndef LUMEN_TESTS_INTEROP_PROBE_AUDIO_H
#define LUMEN_TESTS_INTEROP_PROBE_AUDIO_H

#include <Limelight.h>
#include <stdbool.h>
#include <stdio.h>

bool probe_audio_open(const char* wav_path);  // empty: no file
AUDIO_RENDERER_CALLBACKS* probe_audio_callbacks(void);
void probe_audio_report(FILE* out);  // one JSON member, "audio": {…}
void probe_audio_close(void);

#endif
