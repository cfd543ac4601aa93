/* A stream from a host to a client in one program, over a link that loses 3 % of the datagrams, doubles 1 %
 * and delays each by 1 to 4 ms, so that they overtake one another. Every unit must arrive whole, in order, or
 * be reported missing; time is a variable. */
#include <lumen_core.h>
#include <string.h>

#include "check.h"

enum { FRAMES = 600, MAX_UNDER_WAY = 4096, MAX_UNIT = 60000 };
static const int64_t MS = 1000000;

/* --- reproducible randomness */

static uint64_t state = 1;
static uint32_t draw(uint32_t below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((state >> 33) % below);
}

/* What unit `frame` is made of. */
static size_t fill(uint8_t* bytes, uint64_t frame) {
  const size_t size = 1 + (size_t)(frame * 7919 % MAX_UNIT);
  uint32_t value = (uint32_t)frame;
  for (size_t i = 0; i < size; ++i) {
    value = value * 1664525u + 1013904223u;
    bytes[i] = (uint8_t)(value >> 24);
  }
  return size;
}

/* --- the link: datagrams under way in both directions */

struct under_way {
  int64_t arrives_ns; /* 0: free */
  int to_host;
  size_t bytes;
  uint8_t data[LUMEN_MAX_DATAGRAM_BYTES];
};
static struct under_way wire[MAX_UNDER_WAY];
static unsigned lost, sent;

static void put_on_wire(const void* data, size_t bytes, int64_t now_ns, int to_host) {
  for (size_t i = 0; i < MAX_UNDER_WAY; ++i) {
    if (wire[i].arrives_ns != 0) continue;
    wire[i].arrives_ns = now_ns + MS + (int64_t)draw(3000) * 1000;
    wire[i].to_host = to_host;
    wire[i].bytes = bytes;
    memcpy(wire[i].data, data, bytes);
    return;
  }
  CHECK(!"the wire is full");
}

static void send_datagram(const void* data, size_t bytes, int64_t now_ns, int to_host) {
  CHECK(bytes <= LUMEN_MAX_DATAGRAM_BYTES);
  ++sent;
  if (draw(100) < 3) {
    ++lost;
    return;
  }
  put_on_wire(data, bytes, now_ns, to_host);
  if (draw(100) < 1) put_on_wire(data, bytes, now_ns, to_host);
}

/* --- both ends */

struct host {
  lumen_host* session;
  int idr_wanted;
  unsigned connections, wishes, inputs, bitrates;
  uint32_t bitrate_kbps;
};
struct client {
  lumen_client* session;
  uint64_t next_frame; /* the first about which nothing is known */
  unsigned received, repaired, missing, idr, states;
};

static void on_host_event(void* user, const lumen_host_event* event) {
  struct host* host = user;
  CHECK(event->struct_size == sizeof *event);
  switch (event->type) {
    case LUMEN_HOST_EVENT_CONNECTED:
      ++host->connections;
      break;
    case LUMEN_HOST_EVENT_WISH:
      CHECK(event->width == 1280 && event->height == 720 && event->refresh_mhz == 59940);
      ++host->wishes;
      break;
    case LUMEN_HOST_EVENT_RECOVERY:
      host->idr_wanted = 1;
      break;
    case LUMEN_HOST_EVENT_INPUT:
      if (event->input->type == LUMEN_INPUT_KEY) CHECK(event->input->evdev_code == host->inputs++ / 2 + 1);
      break;
    case LUMEN_HOST_EVENT_BITRATE:
      host->bitrate_kbps = event->bitrate_kbps;
      ++host->bitrates;
      break;
    default: /* of a later version */
      break;
  }
}

static void on_client_event(void* user, const lumen_client_event* event) {
  struct client* client = user;
  switch (event->type) {
    case LUMEN_CLIENT_EVENT_MISSING:
      CHECK(client->next_frame == 0 || event->first_frame == client->next_frame);
      CHECK(event->last_frame >= event->first_frame);
      client->missing += (unsigned)(event->last_frame - event->first_frame + 1);
      client->next_frame = event->last_frame + 1;
      break;
    case LUMEN_CLIENT_EVENT_HOST_STATE:
      if (event->host_state->state == LUMEN_STATE_STREAMING) {
        CHECK(strcmp(event->host_state->encoder, "none") == 0);
        CHECK(strcmp(event->host_state->reason, "") == 0);
        ++client->states;
      }
      break;
    default:
      break;
  }
}

static void on_log(void* user, int32_t level, const char* id, const char* text) {
  (void)user;
  (void)level;
  fprintf(stderr, "%s: %s\n", id, text);
}

static void flush_host(struct host* host, int64_t now_ns) {
  lumen_train train = {.struct_size = sizeof train};
  lumen_result result;
  while ((result = lumen_host_next(host->session, &train, now_ns)) == LUMEN_OK) {
    CHECK(train.due_ns >= now_ns);
    for (size_t i = 0; i < train.datagrams; ++i) {
      send_datagram((const uint8_t*)train.bytes + i * train.datagram_bytes, train.datagram_bytes,
                    train.due_ns, 0);
    }
  }
  CHECK(result == LUMEN_NOTHING);
}

static void take_units(struct client* client, int64_t now_ns) {
  static uint8_t expected[MAX_UNIT + 1];
  lumen_unit unit = {.struct_size = sizeof unit};
  lumen_result result;
  while ((result = lumen_client_next_unit(client->session, &unit, now_ns)) == LUMEN_OK) {
    CHECK(client->next_frame == 0 || unit.frame == client->next_frame);
    client->next_frame = unit.frame + 1;
    CHECK(unit.size_bytes == fill(expected, unit.frame));
    CHECK(memcmp(unit.bytes, expected, unit.size_bytes) == 0);
    CHECK(unit.width == 1280 && unit.height == 720 && unit.codec == LUMEN_CODEC_H264);
    CHECK(unit.host_capture_ns == 1 * MS && unit.host_encode_ns == 2 * MS && unit.host_send_ns >= 0);
    CHECK(unit.complete_ns >= unit.received_ns && unit.complete_ns <= now_ns);
    CHECK(client->received > 0 || unit.kind == LUMEN_PICTURE_IDR);
    ++client->received;
    client->idr += unit.kind == LUMEN_PICTURE_IDR;
    client->repaired += (unit.flags & LUMEN_UNIT_REPAIRED) != 0;
  }
  CHECK(result == LUMEN_NOTHING);
}

static void flush_client(struct client* client, int64_t now_ns) {
  lumen_datagram datagram = {.struct_size = sizeof datagram};
  lumen_result result;
  while ((result = lumen_client_next_datagram(client->session, &datagram, now_ns)) == LUMEN_OK) {
    send_datagram(datagram.bytes, datagram.size_bytes, now_ns, 1);
  }
  CHECK(result == LUMEN_NOTHING);
}

static void deliver(struct host* host, struct client* client, int64_t now_ns) {
  for (size_t i = 0; i < MAX_UNDER_WAY; ++i) {
    struct under_way* datagram = &wire[i];
    if (datagram->arrives_ns == 0 || datagram->arrives_ns > now_ns) continue;
    datagram->arrives_ns = 0;
    if (datagram->to_host) {
      CHECK(lumen_host_receive(host->session, datagram->data, datagram->bytes, now_ns) >= 0);
      flush_host(host, now_ns);
    } else {
      CHECK(lumen_client_receive(client->session, datagram->data, datagram->bytes, now_ns) >= 0);
      take_units(client, now_ns);
    }
  }
}

static void push(struct host* host, uint64_t number, int64_t now_ns) {
  static uint8_t bytes[MAX_UNIT + 1];
  const lumen_access_unit unit = {.struct_size = sizeof unit,
                                  .codec = LUMEN_CODEC_H264,
                                  .kind = host->idr_wanted ? LUMEN_PICTURE_IDR : LUMEN_PICTURE_DELTA,
                                  .width = 1280,
                                  .height = 720,
                                  .bytes = bytes,
                                  .size_bytes = fill(bytes, number),
                                  .presented_ns = now_ns - 3 * MS,
                                  .captured_ns = now_ns - 2 * MS,
                                  .encoded_ns = now_ns};
  uint64_t frame = 0;
  host->idr_wanted = 0;
  CHECK(lumen_host_push(host->session, &unit, now_ns, &frame) == LUMEN_OK);
  CHECK(frame == number);
  flush_host(host, now_ns);
}

static void press_key(struct client* client, uint32_t code, int64_t now_ns) {
  lumen_datagram datagram = {.struct_size = sizeof datagram};
  lumen_input input = {.struct_size = sizeof input, .type = LUMEN_INPUT_KEY, .evdev_code = code};
  for (uint32_t pressed = 1; pressed <= 1; --pressed) {
    input.pressed = pressed;
    CHECK(lumen_client_seal_input(client->session, &input, &datagram) == LUMEN_OK);
    send_datagram(datagram.bytes, datagram.size_bytes, now_ns, 1);
  }
}

static void create(struct host* host, struct client* client, const lumen_fec* fec) {
  lumen_host_params host_params;
  lumen_client_params client_params;
  CHECK(lumen_host_params_init(&host_params, sizeof host_params) == LUMEN_OK);
  CHECK(lumen_client_params_init(&client_params, sizeof client_params) == LUMEN_OK);
  for (unsigned i = 0; i < LUMEN_SECRET_BYTES; ++i)
    host_params.secret[i] = client_params.secret[i] = (uint8_t)(i + 1);
  host_params.session = client_params.session = 3;
  host_params.cipher = LUMEN_CIPHER_CHACHA20_POLY1305;
  host_params.fec = client_params.fec = fec;
  host_params.on_event = on_host_event;
  host_params.on_log = client_params.on_log = on_log;
  host_params.user = host;
  host_params.bitrate_cap_kbps = 50000;
  client_params.width = 1280;
  client_params.height = 720;
  client_params.refresh_mhz = 59940;
  client_params.on_event = on_client_event;
  client_params.user = client;
  CHECK(lumen_host_create(&host_params, &host->session) == LUMEN_OK);
  CHECK(lumen_client_create(&client_params, &client->session) == LUMEN_OK);
}

static void stream(struct host* host, struct client* client) {
  const lumen_host_state streaming = {
      .struct_size = sizeof streaming, .state = LUMEN_STATE_STREAMING, .encoder = "none"};
  uint64_t frame = 0;
  int64_t next_frame_ns = 0, deadline_ns = 0;
  uint32_t keys = 0;
  for (int64_t now_ns = MS; frame < FRAMES || now_ns < next_frame_ns + 200 * MS; now_ns += MS / 4) {
    deliver(host, client, now_ns);
    CHECK(lumen_client_next_deadline(client->session, now_ns, &deadline_ns) == LUMEN_OK);
    if (deadline_ns <= now_ns) {
      take_units(client, now_ns);
      flush_client(client, now_ns);
    }
    if (host->connections == 0 || frame == FRAMES || now_ns < next_frame_ns) continue;
    if (frame == 0) CHECK(lumen_host_say(host->session, &streaming) == LUMEN_OK);
    push(host, ++frame, now_ns);
    next_frame_ns = now_ns + 16 * MS;
    if (frame % 10 == 0) press_key(client, ++keys, now_ns);
    if (frame % 100 == 50) {
      CHECK(lumen_host_update_keys(host->session) == LUMEN_OK);
      CHECK(lumen_host_update_keys(host->session) == LUMEN_ERR_UNAVAILABLE); /* too soon */
      lumen_client_update_keys(client->session);
    }
  }
  CHECK(host->inputs == 2 * keys);
}

static void report(const struct host* host, const struct client* client) {
  lumen_host_stats host_stats = {.struct_size = sizeof host_stats};
  lumen_client_stats client_stats = {.struct_size = sizeof client_stats};
  CHECK(lumen_host_get_stats(host->session, &host_stats) == LUMEN_OK);
  CHECK(lumen_client_get_stats(client->session, &client_stats) == LUMEN_OK);
  CHECK(host_stats.frames == FRAMES);
  /* There is no bottleneck. */
  CHECK(host->bitrates == 1 && host->bitrate_kbps == 50000 && host_stats.bitrate_kbps == 50000);
  CHECK(host_stats.capacity_kbps == 0 && host_stats.queue_ns < 8 * MS);
  CHECK(host_stats.key_epoch == FRAMES / 100 && client_stats.key_epoch == host_stats.key_epoch);
  CHECK(client_stats.frames_repaired >= client->repaired && client->repaired > FRAMES / 4);
  CHECK(client_stats.shards_duplicate + client_stats.not_authentic > 0);
  CHECK(client_stats.round_trip_ns > 2 * MS && client_stats.round_trip_ns < 20 * MS);
  CHECK(host_stats.reported_lost > host_stats.reported_expected / 100);
  printf("%u of %u datagrams lost; %u units received, %u of them repaired, %u missing, %u IDR\n", lost, sent,
         client->received, client->repaired, client->missing, client->idr);
}

int main(void) {
  struct host host = {0};
  struct client client = {0};
  lumen_fec* fec = NULL;
  CHECK(lumen_fec_create(NULL, &fec) == LUMEN_OK);
  create(&host, &client, fec);
  stream(&host, &client);
  CHECK(host.connections == 1 && host.wishes == 1 && client.states == 1);
  CHECK(client.received + client.missing == FRAMES && client.missing <= 2);
  report(&host, &client);
  lumen_host_destroy(&host.session);
  lumen_client_destroy(&client.session);
  lumen_fec_destroy(&fec);
  CHECK(host.session == NULL && client.session == NULL && fec == NULL);
  return 0;
}
