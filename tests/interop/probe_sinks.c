#include "probe_sinks.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe_audio.h"

enum { kMaxFrames = 1 << 18 };  // more are counted, but not in the spread of times

struct series {  // microseconds, or tenths of a millisecond for the host's latency
  uint32_t values[kMaxFrames];
  long count;
};

static struct {
  FILE *video, *frames;
  int format, width, height, fps;
  long frames_seen, idr, missing, bytes, largest, latency_unknown;
  int last_number, first_number;
  uint64_t setup_us, first_us, last_us;
  struct series interval, assembly, latency;
  RTP_VIDEO_STATS rtp_video;
  RTP_AUDIO_STATS rtp_audio;
  uint32_t round_trip_ms, round_trip_variance_ms, features;
} video;

static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool ended;
  int end_code, failed_stage, failure, poor, okay;
  long rumble, trigger_rumble, motion, led, adaptive, hdr;
} events = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

// --- picture
// --------------------------------------------------------------------------------------------------

static void put_le(FILE* file, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) fputc((int)(value >> (8 * i) & 0xff), file);
}

static void write_ivf_header(void) {
  fputs("DKIF", video.video);
  put_le(video.video, 0, 2);
  put_le(video.video, 32, 2);
  fputs("AV01", video.video);
  put_le(video.video, (uint64_t)video.width, 2);
  put_le(video.video, (uint64_t)video.height, 2);
  put_le(video.video, 90000, 4);
  put_le(video.video, 1, 4);
  put_le(video.video, 0, 8);
}

static int on_setup(int format, int width, int height, int fps, void* context, int flags) {
  (void)context, (void)flags;
  video.format = format;
  video.width = width;
  video.height = height;
  video.fps = fps;
  video.setup_us = LiGetMicroseconds();
  if (video.video && (format & VIDEO_FORMAT_MASK_AV1)) write_ivf_header();
  return 0;
}

static void note(struct series* series, uint64_t value) {
  if (series->count < kMaxFrames)
    series->values[series->count] = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
  ++series->count;
}

static void count_frame(const DECODE_UNIT* unit, uint64_t now_us) {
  if (video.frames_seen++ == 0) {
    video.first_number = unit->frameNumber;
    video.first_us = now_us;
  } else {
    video.missing += unit->frameNumber - video.last_number - 1;
    note(&video.interval, now_us - video.last_us);
  }
  video.last_number = unit->frameNumber;
  video.last_us = now_us;
  video.idr += unit->frameType == FRAME_TYPE_IDR;
  video.bytes += unit->fullLength;
  if (unit->fullLength > video.largest) video.largest = unit->fullLength;
  note(&video.assembly, unit->enqueueTimeUs - unit->receiveTimeUs);
  if (unit->frameHostProcessingLatency)
    note(&video.latency, unit->frameHostProcessingLatency);
  else
    ++video.latency_unknown;
}

static void write_frame(const DECODE_UNIT* unit) {
  if (video.format & VIDEO_FORMAT_MASK_AV1) {
    put_le(video.video, (uint64_t)unit->fullLength, 4);
    put_le(video.video, unit->rtpTimestamp, 8);
  }
  for (const LENTRY* entry = unit->bufferList; entry; entry = entry->next)
    fwrite(entry->data, 1, (size_t)entry->length, video.video);
}

static int on_unit(PDECODE_UNIT unit) {
  const uint64_t now_us = LiGetMicroseconds();
  count_frame(unit, now_us);
  if (video.video) write_frame(unit);
  if (video.frames)
    fprintf(video.frames, "%d,%s,%d,%llu,%llu,%u,%u\n", unit->frameNumber,
            unit->frameType == FRAME_TYPE_IDR ? "idr" : "p", unit->fullLength,
            (unsigned long long)(now_us - video.setup_us),
            (unsigned long long)(unit->enqueueTimeUs - unit->receiveTimeUs), unit->frameHostProcessingLatency,
            unit->rtpTimestamp);
  return DR_OK;
}

static DECODER_RENDERER_CALLBACKS decoder = {.setup = on_setup, .submitDecodeUnit = on_unit};

// --- events
// ---------------------------------------------------------------------------------------------------

static void count_event(long* counter) {
  pthread_mutex_lock(&events.lock);
  ++*counter;
  pthread_mutex_unlock(&events.lock);
}

static void on_stage_failed(int stage, int code) {
  events.failed_stage = stage;
  events.failure = code;
}

static void on_ended(int code) {
  pthread_mutex_lock(&events.lock);
  events.ended = true;
  events.end_code = code;
  pthread_cond_broadcast(&events.changed);
  pthread_mutex_unlock(&events.lock);
}

static void on_log(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
}

static void on_status(int status) {
  pthread_mutex_lock(&events.lock);
  *(status == CONN_STATUS_POOR ? &events.poor : &events.okay) += 1;
  pthread_mutex_unlock(&events.lock);
}

static void on_rumble(unsigned short pad, unsigned short low, unsigned short high) {
  fprintf(stderr, "probe: rumble %u %u %u\n", pad, low, high);
  count_event(&events.rumble);
}
static void on_trigger_rumble(uint16_t pad, uint16_t left, uint16_t right) {
  fprintf(stderr, "probe: trigger rumble %u %u %u\n", pad, left, right);
  count_event(&events.trigger_rumble);
}
static void on_motion(uint16_t pad, uint8_t type, uint16_t hertz) {
  fprintf(stderr, "probe: motion %u %u %u Hz\n", pad, type, hertz);
  count_event(&events.motion);
}
static void on_led(uint16_t pad, uint8_t red, uint8_t green, uint8_t blue) {
  fprintf(stderr, "probe: led %u %02x%02x%02x\n", pad, red, green, blue);
  count_event(&events.led);
}
static void on_adaptive(uint16_t pad, uint8_t flags, uint8_t type_left, uint8_t type_right, uint8_t* left,
                        uint8_t* right) {
  (void)left, (void)right;
  fprintf(stderr, "probe: adaptive triggers %u %02x %02x %02x\n", pad, flags, type_left, type_right);
  count_event(&events.adaptive);
}
static void on_hdr(bool enabled) {
  fprintf(stderr, "probe: hdr %d\n", enabled);
  count_event(&events.hdr);
}

static CONNECTION_LISTENER_CALLBACKS listener = {.stageFailed = on_stage_failed,
                                                 .connectionTerminated = on_ended,
                                                 .logMessage = on_log,
                                                 .rumble = on_rumble,
                                                 .connectionStatusUpdate = on_status,
                                                 .setHdrMode = on_hdr,
                                                 .rumbleTriggers = on_trigger_rumble,
                                                 .setMotionEventState = on_motion,
                                                 .setControllerLED = on_led,
                                                 .setAdaptiveTriggers = on_adaptive};

// --- for the caller
// -------------------------------------------------------------------------------------------

static bool open_file(FILE** file, const char* path) {
  if (!*path) return true;
  *file = fopen(path, "wb");
  if (!*file) fprintf(stderr, "probe: cannot write %s\n", path);
  return *file != NULL;
}

bool sinks_open(const struct sink_params* params) {
  decoder.capabilities = CAPABILITY_DIRECT_SUBMIT | params->video_capabilities;
  if (!open_file(&video.video, params->video_path) || !open_file(&video.frames, params->frames_path) ||
      !probe_audio_open(params->audio_path))
    return false;
  if (video.frames)
    fputs("frame,type,bytes,arrival_us,assembly_us,host_latency_tenths_ms,rtp\n", video.frames);
  return true;
}

DECODER_RENDERER_CALLBACKS* sinks_video(void) { return &decoder; }
AUDIO_RENDERER_CALLBACKS* sinks_audio(void) { return probe_audio_callbacks(); }
CONNECTION_LISTENER_CALLBACKS* sinks_listener(void) { return &listener; }

bool sinks_wait_for_end(int milliseconds) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += milliseconds / 1000;
  until.tv_nsec += milliseconds % 1000 * 1000000L;
  if (until.tv_nsec >= 1000000000L) until.tv_nsec -= 1000000000L, ++until.tv_sec;
  pthread_mutex_lock(&events.lock);
  int error = 0;
  while (!events.ended && error == 0) error = pthread_cond_timedwait(&events.changed, &events.lock, &until);
  const bool ended = events.ended;
  pthread_mutex_unlock(&events.lock);
  return ended;
}

void sinks_snapshot(void) {
  video.rtp_video = *LiGetRTPVideoStats();
  video.rtp_audio = *LiGetRTPAudioStats();
  video.features = LiGetHostFeatureFlags();
  (void)LiGetEstimatedRttInfo(&video.round_trip_ms, &video.round_trip_variance_ms);
}

static int by_value(const void* left, const void* right) {
  const uint32_t a = *(const uint32_t*)left, b = *(const uint32_t*)right;
  return (a > b) - (a < b);
}

static void report_series(FILE* out, const char* name, struct series* series) {
  const long count = series->count < kMaxFrames ? series->count : kMaxFrames;
  if (count == 0) {
    fprintf(out, "\"%s\": null", name);
    return;
  }
  qsort(series->values, (size_t)count, sizeof series->values[0], by_value);
  fprintf(out, "\"%s\": {\"min\": %u, \"p50\": %u, \"p99\": %u, \"max\": %u}", name, series->values[0],
          series->values[count / 2], series->values[count * 99 / 100], series->values[count - 1]);
}

static void report_video(FILE* out) {
  fprintf(out, "\"video\": {\"format\": %d, \"width\": %d, \"height\": %d, \"fps\": %d, ", video.format,
          video.width, video.height, video.fps);
  fprintf(out, "\"frames\": %ld, \"idr\": %ld, \"missing\": %ld, \"first_number\": %d, \"bytes\": %ld, ",
          video.frames_seen, video.idr, video.missing, video.first_number, video.bytes);
  fprintf(out, "\"largest\": %ld, \"first_after_ms\": %.1f, \"latency_unknown\": %ld, ", video.largest,
          video.frames_seen ? (double)(video.first_us - video.setup_us) / 1000 : -1.0, video.latency_unknown);
  report_series(out, "interval_us", &video.interval);
  fputs(", ", out);
  report_series(out, "assembly_us", &video.assembly);
  fputs(", ", out);
  report_series(out, "host_latency_tenths_ms", &video.latency);
  fputc('}', out);
}

// Both statistics are the same seven counters, first that of data packets.
static void report_rtp(FILE* out, const char* name, const uint32_t counters[7]) {
  static const char* const kNames[7] = {"data",    "fec",        "recovered", "failed", "out_of_sequence",
                                        "invalid", "invalid_fec"};
  fprintf(out, "\"%s\": {", name);
  for (int i = 0; i < 7; ++i) fprintf(out, "%s\"%s\": %u", i ? ", " : "", kNames[i], counters[i]);
  fputs("}", out);
}

void sinks_report(FILE* out) {
  report_video(out);
  fputs(",\n ", out);
  probe_audio_report(out);
  fputs(",\n ", out);
  const RTP_VIDEO_STATS* v = &video.rtp_video;
  const RTP_AUDIO_STATS* a = &video.rtp_audio;
  report_rtp(out, "rtp_video",
             (const uint32_t[]){v->packetCountVideo, v->packetCountFec, v->packetCountFecRecovered,
                                v->packetCountFecFailed, v->packetCountOOS, v->packetCountInvalid,
                                v->packetCountFecInvalid});
  fputs(", ", out);
  report_rtp(out, "rtp_audio",
             (const uint32_t[]){a->packetCountAudio, a->packetCountFec, a->packetCountFecRecovered,
                                a->packetCountFecFailed, a->packetCountOOS, a->packetCountInvalid,
                                a->packetCountFecInvalid});
  fprintf(out, ",\n \"round_trip_ms\": %u, \"host_features\": %u, \"status_poor\": %d, \"status_okay\": %d,",
          video.round_trip_ms, video.features, events.poor, events.okay);
  fprintf(out, "\n \"events\": {\"rumble\": %ld, \"trigger_rumble\": %ld, \"motion\": %ld, \"led\": %ld, ",
          events.rumble, events.trigger_rumble, events.motion, events.led);
  fprintf(out, "\"adaptive\": %ld, \"hdr\": %ld}, ", events.adaptive, events.hdr);
  fprintf(out, "\"ended\": %s, \"end_code\": %d, \"failed_stage\": \"%s\", \"failure\": %d",
          events.ended ? "true" : "false", events.end_code,
          events.failed_stage ? LiGetStageName(events.failed_stage) : "", events.failure);
}

long sinks_idr_count(void) { return video.idr; }

void sinks_close(void) {
  if (video.video) fclose(video.video);
  if (video.frames) fclose(video.frames);
  video.video = video.frames = NULL;
  probe_audio_close();
}
