// The tone of a channel is the frequency between 40 and 2000 Hz, in steps of 1 Hz, with the largest Goertzel
// magnitude over the last second received; its share is the part of the channel's energy that it explains.
#include "probe_audio.h"

#include <math.h>
#include <opus_multistream.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
  kRate = 48000,
  kMaxChannels = AUDIO_CONFIGURATION_MAX_CHANNEL_COUNT,
  kLowestHz = 40,
  kHighestHz = 2000
};

static struct {
  OpusMSDecoder* decoder;
  OPUS_MULTISTREAM_CONFIGURATION format;
  FILE* wav;
  long packets, lost, undecodable, bytes, samples, smallest, largest;
  uint64_t first_us, started_us;
  int16_t last_second[kMaxChannels][kRate];
} audio;

static void put_le(FILE* file, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) fputc((int)(value >> (8 * i) & 0xff), file);
}

static void write_wav_header(void) {
  const uint32_t frame_bytes = 2U * (uint32_t)audio.format.channelCount;
  const uint32_t data_bytes = (uint32_t)audio.samples * frame_bytes;
  rewind(audio.wav);
  fputs("RIFF", audio.wav);
  put_le(audio.wav, 36 + data_bytes, 4);
  fputs("WAVEfmt ", audio.wav);
  put_le(audio.wav, 16, 4);
  put_le(audio.wav, 1, 2);
  put_le(audio.wav, (uint32_t)audio.format.channelCount, 2);
  put_le(audio.wav, kRate, 4);
  put_le(audio.wav, kRate * frame_bytes, 4);
  put_le(audio.wav, frame_bytes, 2);
  put_le(audio.wav, 16, 2);
  fputs("data", audio.wav);
  put_le(audio.wav, data_bytes, 4);
}

static int on_init(int configuration, const POPUS_MULTISTREAM_CONFIGURATION format, void* context,
                   int flags) {
  (void)configuration, (void)context, (void)flags;
  audio.format = *format;
  audio.started_us = LiGetMicroseconds();
  int error = 0;
  audio.decoder = opus_multistream_decoder_create(format->sampleRate, format->channelCount, format->streams,
                                                  format->coupledStreams, format->mapping, &error);
  if (audio.wav) write_wav_header();
  return error;
}

static void keep(const int16_t* pcm, int samples) {
  const int channels = audio.format.channelCount;
  for (int i = 0; i < samples; ++i) {
    const long at = (audio.samples + i) % kRate;
    for (int c = 0; c < channels; ++c) audio.last_second[c][at] = pcm[i * channels + c];
  }
  audio.samples += samples;
  if (audio.wav) fwrite(pcm, 2, (size_t)(samples * channels), audio.wav);
}

static void on_packet(char* bytes, int length) {  // no bytes: a packet was lost
  static int16_t pcm[5760 * kMaxChannels];
  if (bytes) {
    if (audio.packets++ == 0) audio.first_us = LiGetMicroseconds();
    audio.bytes += length;
    if (audio.smallest == 0 || length < audio.smallest) audio.smallest = length;
    if (length > audio.largest) audio.largest = length;
  } else {
    ++audio.lost;
  }
  const int samples = opus_multistream_decode(audio.decoder, (const unsigned char*)bytes, length, pcm,
                                              bytes ? 5760 : audio.format.samplesPerFrame, 0);
  if (samples < 0)
    ++audio.undecodable;
  else
    keep(pcm, samples);
}

static AUDIO_RENDERER_CALLBACKS callbacks = {
    .init = on_init,
    .decodeAndPlaySample = on_packet,
    .capabilities = CAPABILITY_DIRECT_SUBMIT | CAPABILITY_SUPPORTS_ARBITRARY_AUDIO_DURATION};

bool probe_audio_open(const char* wav_path) {
  if (!*wav_path) return true;
  audio.wav = fopen(wav_path, "wb");
  return audio.wav != NULL;
}

AUDIO_RENDERER_CALLBACKS* probe_audio_callbacks(void) { return &callbacks; }

static double goertzel_power(const int16_t* samples, int hertz) {
  const double factor = 2 * cos(2 * M_PI * hertz / kRate);
  double s1 = 0, s2 = 0;
  for (int i = 0; i < kRate; ++i) {
    const double s = samples[i] + factor * s1 - s2;
    s2 = s1;
    s1 = s;
  }
  return s1 * s1 + s2 * s2 - factor * s1 * s2;
}

static void report_channel(FILE* out, const int16_t* samples) {
  double energy = 0, best = 0;
  int tone = 0;
  for (int i = 0; i < kRate; ++i) energy += (double)samples[i] * samples[i];
  for (int hertz = kLowestHz; energy > 0 && hertz <= kHighestHz; ++hertz) {
    const double power = goertzel_power(samples, hertz);
    if (power > best) best = power, tone = hertz;
  }
  // A pure tone of amplitude a has energy N a²/2 and power (N a/2)².
  const double share = energy > 0 ? best * 2 / (kRate * energy) : 0;
  fprintf(out, "{\"tone_hz\": %d, \"share\": %.3f, \"rms\": %.1f}", tone, share, sqrt(energy / kRate));
}

void probe_audio_report(FILE* out) {
  const int channels = audio.format.channelCount;
  fprintf(out, "\"audio\": {\"channels\": %d, \"streams\": %d, \"coupled\": %d, \"samples_per_packet\": %d, ",
          channels, audio.format.streams, audio.format.coupledStreams, audio.format.samplesPerFrame);
  fprintf(out, "\"mapping\": [");
  for (int c = 0; c < channels; ++c) fprintf(out, "%s%d", c ? ", " : "", audio.format.mapping[c]);
  fprintf(out, "], \"packets\": %ld, \"lost\": %ld, \"undecodable\": %ld, \"bytes\": %ld, ", audio.packets,
          audio.lost, audio.undecodable, audio.bytes);
  fprintf(out,
          "\"smallest_packet\": %ld, \"largest_packet\": %ld, \"first_after_ms\": %.1f, \"samples\": %ld, ",
          audio.smallest, audio.largest,
          audio.packets ? (double)(audio.first_us - audio.started_us) / 1000 : -1.0, audio.samples);
  fprintf(out, "\"tones\": [");
  for (int c = 0; c < channels && audio.samples >= kRate; ++c) {
    if (c) fputs(", ", out);
    report_channel(out, audio.last_second[c]);
  }
  fprintf(out, "]}");
}

void probe_audio_close(void) {
  if (audio.wav) {
    write_wav_header();
    fclose(audio.wav);
  }
  if (audio.decoder) opus_multistream_decoder_destroy(audio.decoder);
  audio.wav = NULL;
  audio.decoder = NULL;
}
