// What a probe is to do, read from arguments and files of `key=value`. Every key is in kOptionsHelp.
#ifndef LUMEN_TESTS_INTEROP_PROBE_OPTIONS_H
#define LUMEN_TESTS_INTEROP_PROBE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct probe_options {
  char address[64];
  char app_version[32];
  char gfe_version[32];
  char rtsp_url[128];
  int codec_support;  // ServerCodecModeSupport of /serverinfo
  unsigned char key[16];
  int32_t key_id;
  int width, height, fps, bitrate_kbps, packet_size_bytes;
  int formats;   // VIDEO_FORMAT_… of the library
  int channels;  // 2, 6 or 8
  int encryption;
  int remote;
  bool invalidation;  // claims that the decoder supports reference frame invalidation
  int slices;
  int seconds;
  char video_path[256];   // access units: Annex B, or IVF for AV1
  char frames_path[256];  // a line of figures per frame
  char audio_path[256];   // WAV
  char input_path[256];   // script of probe_input.h
  char report_path[256];  // JSON, standard output when empty
};

extern const char kOptionsHelp[];

// Sets defaults; returns false when `argument` is neither `key=value` nor `@file`, and says so on standard
// error.
void probe_options_default(struct probe_options* options);
bool probe_options_take(struct probe_options* options, const char* argument);

#endif
