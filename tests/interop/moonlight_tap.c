// Preloaded into the stock client's program (LD_PRELOAD), keeps what it receives: its own launch, options and
// protocol library, our sinks. For `-platform fake`, which has none. Set by environment:
//   LUMEN_TAP_VIDEO, LUMEN_TAP_FRAMES, LUMEN_TAP_AUDIO, LUMEN_TAP_REPORT   files, see probe_sinks.h
//   LUMEN_TAP_ENCRYPTION                                                   number instead of the client's
//   flags
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "probe_sinks.h"

typedef int (*start_function)(PSERVER_INFORMATION, PSTREAM_CONFIGURATION, PCONNECTION_LISTENER_CALLBACKS,
                              PDECODER_RENDERER_CALLBACKS, PAUDIO_RENDERER_CALLBACKS, void*, int, void*, int);
typedef void (*stop_function)(void);

static int start_result = -1;

static const char* setting(const char* name) {
  const char* value = getenv(name);
  return value ? value : "";
}

int LiStartConnection(PSERVER_INFORMATION server, PSTREAM_CONFIGURATION stream,
                      PCONNECTION_LISTENER_CALLBACKS listener, PDECODER_RENDERER_CALLBACKS video,
                      PAUDIO_RENDERER_CALLBACKS audio, void* render_context, int video_flags,
                      void* audio_context, int audio_flags) {
  const struct sink_params sinks = {.video_path = setting("LUMEN_TAP_VIDEO"),
                                    .frames_path = setting("LUMEN_TAP_FRAMES"),
                                    .audio_path = setting("LUMEN_TAP_AUDIO"),
                                    .video_capabilities = video ? video->capabilities : 0};
  if (!sinks_open(&sinks)) exit(2);
  const char* encryption = setting("LUMEN_TAP_ENCRYPTION");
  if (*encryption) stream->encryptionFlags = atoi(encryption);
  (void)audio;
  const start_function start = __extension__(start_function) dlsym(RTLD_NEXT, "LiStartConnection");
  // The client's own listener stays: it ends the program when the host ends the session.
  start_result = start(server, stream, listener, sinks_video(), sinks_audio(), render_context, video_flags,
                       audio_context, audio_flags);
  return start_result;
}

void LiStopConnection(void) {
  if (start_result == 0) sinks_snapshot();
  const stop_function stop = __extension__(stop_function) dlsym(RTLD_NEXT, "LiStopConnection");
  stop();
  const char* path = setting("LUMEN_TAP_REPORT");
  FILE* out = *path ? fopen(path, "w") : NULL;
  if (out) {
    fprintf(out, "{\"start_result\": %d,\n ", start_result);
    sinks_report(out);
    fputs("}\n", out);
    fclose(out);
  }
  sinks_close();
}
