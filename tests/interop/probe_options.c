#include "probe_options.h"

#include <Limelight.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char kOptionsHelp[] =
    "usage: moonlight_probe KEY=VALUE… [@FILE of KEY=VALUE lines]\n"
    "  address=HOST rtsp=URL app_version=A.B.C.D gfe_version=… codec_support=N   as the host answered\n"
    "  key=32HEX key_id=N                     rikey and rikeyid of the launch\n"
    "  mode=WIDTHxHEIGHTxFPS bitrate=KBPS packet_size=BYTES\n"
    "  formats=h264,hevc,hevc10,av1,av110     what the decoder can do\n"
    "  channels=2|6|8 encryption=none|audio|video|all remote=local|remote|auto\n"
    "  invalidation=0|1 slices=N seconds=N\n"
    "  video=FILE frames=FILE.csv audio=FILE.wav input=SCRIPT report=FILE.json\n";

struct name_of_value {
  const char* name;
  int value;
};

static const struct name_of_value kFormats[] = {
    {"h264", VIDEO_FORMAT_H264},     {"hevc", VIDEO_FORMAT_H265},        {"hevc10", VIDEO_FORMAT_H265_MAIN10},
    {"av1", VIDEO_FORMAT_AV1_MAIN8}, {"av110", VIDEO_FORMAT_AV1_MAIN10}, {NULL, 0}};
static const struct name_of_value kEncryption[] = {{"none", ENCFLG_NONE},
                                                   {"audio", ENCFLG_AUDIO},
                                                   {"video", ENCFLG_VIDEO},
                                                   {"all", (int)ENCFLG_ALL},
                                                   {NULL, 0}};
static const struct name_of_value kRemote[] = {
    {"local", STREAM_CFG_LOCAL}, {"remote", STREAM_CFG_REMOTE}, {"auto", STREAM_CFG_AUTO}, {NULL, 0}};

static bool take_name(const struct name_of_value* names, const char* text, size_t length, int* value) {
  for (; names->name; ++names) {
    if (strlen(names->name) == length && strncmp(names->name, text, length) == 0) {
      *value = names->value;
      return true;
    }
  }
  return false;
}

static bool take_formats(int* formats, const char* text) {
  *formats = 0;
  while (*text) {
    const size_t length = strcspn(text, ",");
    int format;
    if (!take_name(kFormats, text, length, &format)) return false;
    *formats |= format;
    text += length + (text[length] == ',');
  }
  return *formats != 0;
}

static bool take_key(unsigned char key[16], const char* text) {
  if (strlen(text) != 32) return false;
  for (int i = 0; i < 16; ++i) {
    unsigned byte;
    if (sscanf(text + 2 * i, "%2x", &byte) != 1) return false;
    key[i] = (unsigned char)byte;
  }
  return true;
}

static bool take_number(int* number, const char* text, long low, long high) {
  char* end;
  const long value = strtol(text, &end, 10);
  if (*text == 0 || *end != 0 || value < low || value > high) return false;
  *number = (int)value;
  return true;
}

static bool take_text(char* to, size_t size, const char* text) {
  return (size_t)snprintf(to, size, "%s", text) < size;
}

static bool take_value(struct probe_options* o, const char* key, const char* value) {
#define TEXT(name, field) \
  if (strcmp(key, name) == 0) return take_text(o->field, sizeof o->field, value)
#define NUMBER(name, field, low, high) \
  if (strcmp(key, name) == 0) return take_number(&o->field, value, low, high)
  TEXT("address", address);
  TEXT("app_version", app_version);
  TEXT("gfe_version", gfe_version);
  TEXT("rtsp", rtsp_url);
  TEXT("video", video_path);
  TEXT("frames", frames_path);
  TEXT("audio", audio_path);
  TEXT("input", input_path);
  TEXT("report", report_path);
  NUMBER("codec_support", codec_support, 0, INT32_MAX);
  NUMBER("bitrate", bitrate_kbps, 100, 500000);
  NUMBER("packet_size", packet_size_bytes, 64, 1456);
  NUMBER("channels", channels, 2, 8);
  NUMBER("slices", slices, 1, 32);
  NUMBER("seconds", seconds, 1, 3600);
#undef TEXT
#undef NUMBER
  if (strcmp(key, "key") == 0) return take_key(o->key, value);
  if (strcmp(key, "key_id") == 0) {
    o->key_id = (int32_t)strtol(value, NULL, 10);
    return *value != 0;
  }
  if (strcmp(key, "mode") == 0) return sscanf(value, "%dx%dx%d", &o->width, &o->height, &o->fps) == 3;
  if (strcmp(key, "formats") == 0) return take_formats(&o->formats, value);
  if (strcmp(key, "encryption") == 0) return take_name(kEncryption, value, strlen(value), &o->encryption);
  if (strcmp(key, "remote") == 0) return take_name(kRemote, value, strlen(value), &o->remote);
  if (strcmp(key, "invalidation") == 0) {
    o->invalidation = strcmp(value, "1") == 0;
    return true;
  }
  return false;
}

void probe_options_default(struct probe_options* options) {
  memset(options, 0, sizeof *options);
  take_text(options->app_version, sizeof options->app_version, "7.1.431.-1");
  take_text(options->gfe_version, sizeof options->gfe_version, "3.23.0.74");
  options->codec_support = SCM_H264;
  options->width = 1280;
  options->height = 720;
  options->fps = 60;
  options->bitrate_kbps = 10000;
  options->packet_size_bytes = 1392;
  options->formats = VIDEO_FORMAT_H264;
  options->channels = 2;
  options->encryption = (int)ENCFLG_ALL;
  options->remote = STREAM_CFG_LOCAL;
  options->slices = 1;
  options->seconds = 5;
}

static bool take_file(struct probe_options* options, const char* path) {
  FILE* file = fopen(path, "r");
  if (!file) {
    fprintf(stderr, "moonlight_probe: cannot read %s\n", path);
    return false;
  }
  char line[512];
  bool good = true;
  while (good && fgets(line, sizeof line, file)) {
    line[strcspn(line, "\r\n")] = 0;
    if (line[0] != 0 && line[0] != '#') good = probe_options_take(options, line);
  }
  fclose(file);
  return good;
}

bool probe_options_take(struct probe_options* options, const char* argument) {
  if (argument[0] == '@') return take_file(options, argument + 1);
  const char* equals = strchr(argument, '=');
  char key[32];
  const size_t length = equals ? (size_t)(equals - argument) : 0;
  if (length > 0 && length < sizeof key) {
    memcpy(key, argument, length);
    key[length] = 0;
    if (take_value(options, key, equals + 1)) return true;
  }
  fprintf(stderr, "moonlight_probe: not understood: %s\n%s", argument, kOptionsHelp);
  return false;
}
