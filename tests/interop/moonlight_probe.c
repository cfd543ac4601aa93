// A stock client without screen and speakers: streams with moonlight-common-c from a session that was
// launched already, keeps what comes, plays a script of input and reports in JSON.
//
// Exit status: 0 streamed to the end with a picture; 1 no connection; 2 wrong options; 3 the host ended the
// session; 4 connected, but no key frame came.
#include <stdio.h>
#include <string.h>

#include "probe_input.h"
#include "probe_options.h"
#include "probe_sinks.h"

static int audio_configuration(int channels) {
  if (channels == 8) return AUDIO_CONFIGURATION_71_SURROUND;
  return channels == 6 ? AUDIO_CONFIGURATION_51_SURROUND : AUDIO_CONFIGURATION_STEREO;
}

static STREAM_CONFIGURATION stream_configuration(const struct probe_options* options) {
  STREAM_CONFIGURATION stream;
  LiInitializeStreamConfiguration(&stream);
  stream.width = options->width;
  stream.height = options->height;
  stream.fps = options->fps;
  stream.bitrate = options->bitrate_kbps;
  stream.packetSize = options->packet_size_bytes;
  stream.streamingRemotely = options->remote;
  stream.audioConfiguration = audio_configuration(options->channels);
  stream.supportedVideoFormats = options->formats;
  stream.encryptionFlags = options->encryption;
  memcpy(stream.remoteInputAesKey, options->key, sizeof stream.remoteInputAesKey);
  const uint32_t id = (uint32_t)options->key_id;
  for (int i = 0; i < 4; ++i) stream.remoteInputAesIv[i] = (char)(id >> (24 - 8 * i));
  return stream;
}

static int start(const struct probe_options* options) {
  SERVER_INFORMATION server;
  LiInitializeServerInformation(&server);
  server.address = options->address;
  server.serverInfoAppVersion = options->app_version;
  server.serverInfoGfeVersion = options->gfe_version;
  server.rtspSessionUrl = options->rtsp_url;
  server.serverCodecModeSupport = options->codec_support;
  STREAM_CONFIGURATION stream = stream_configuration(options);
  return LiStartConnection(&server, &stream, sinks_listener(), sinks_video(), sinks_audio(), NULL, 0, NULL,
                           0);
}

static int judge(int status, bool ended) {
  if (status != 0) return 1;
  if (ended) return 3;
  return sinks_idr_count() > 0 ? 0 : 4;
}

static bool write_report(const char* path, int status, int verdict, const struct input_result* input) {
  FILE* out = *path ? fopen(path, "w") : stdout;
  if (!out) return false;
  fprintf(out, "{\"verdict\": %d, \"start_result\": %d,\n ", verdict, status);
  fprintf(out, "\"input\": {\"sent\": %ld, \"unsupported\": %ld, \"failed\": %ld},\n ", input->sent,
          input->unsupported, input->failed);
  sinks_report(out);
  fputs("}\n", out);
  return out == stdout ? fflush(out) == 0 : fclose(out) == 0;
}

int main(int argc, char** argv) {
  struct probe_options options;
  probe_options_default(&options);
  for (int i = 1; i < argc; ++i)
    if (!probe_options_take(&options, argv[i])) return 2;
  if (!*options.address || !*options.rtsp_url) {
    fputs(kOptionsHelp, stderr);
    return 2;
  }
  int capabilities = CAPABILITY_SLICES_PER_FRAME((unsigned)options.slices);
  if (options.invalidation)
    capabilities |= CAPABILITY_REFERENCE_FRAME_INVALIDATION_AVC |
                    CAPABILITY_REFERENCE_FRAME_INVALIDATION_HEVC |
                    CAPABILITY_REFERENCE_FRAME_INVALIDATION_AV1;
  const struct sink_params sinks = {.video_path = options.video_path,
                                    .frames_path = options.frames_path,
                                    .audio_path = options.audio_path,
                                    .video_capabilities = capabilities};
  if (!sinks_open(&sinks)) return 2;

  struct input_result input = {0, 0, 0};
  bool ended = false, script_good = true;
  const int status = start(&options);
  if (status == 0) {
    if (*options.input_path) script_good = probe_input_play(options.input_path, sinks_wait_for_end, &input);
    ended = sinks_wait_for_end(1000 * options.seconds);
    sinks_snapshot();
    LiStopConnection();
  }
  const int verdict = script_good ? judge(status, ended) : 2;
  const bool written = write_report(options.report_path, status, verdict, &input);
  sinks_close();
  return written ? verdict : 2;
}
