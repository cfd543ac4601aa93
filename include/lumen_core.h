/* liblumen_core: Lumen's protocol, without sockets, threads or clock: the two ends of a stream, and the
 * forward error correction by itself. C11. License: MIT OR Apache-2.0.
 *
 * Rules that hold everywhere
 *  - Time. `now_ns` is nanoseconds of any steady clock, 0 or more and below 2^62, the same clock in every
 * call of a session. Nothing here reads a clock, sleeps, or does I/O.
 *  - Results. 0 or more is success, below 0 an error (lumen_strerror()). Nothing was changed by a call that
 *    returns LUMEN_ERR_INVALID_ARGUMENT. Null pointers are refused with it, unless a parameter allows them.
 *  - Structs. Every struct begins with `struct_size`, which its user sets to sizeof of the struct as
 * compiled; new fields are only appended. A program compiled against another version of this header is
 * served: fields that it does not know have their defaults (in) or are not written (out), fields that the
 * library does not know must be zero (in; LUMEN_ERR_UNSUPPORTED otherwise) or are zeroed (out). A size below
 * that of the struct's first version, or above 4096, is LUMEN_ERR_INVALID_ARGUMENT. Params are filled with
 * their defaults by lumen_*_params_init(&params, sizeof params).
 *  - Threads. A handle may be used by any thread, but by one at a time; different handles are independent.
 *    Exceptions to this are named.
 *  - Ownership. lumen_X_create() gives a handle that lumen_X_destroy(&handle) ends; the latter takes NULL and
 *    a pointer to NULL, and sets the handle to NULL. Pointers in structs that go in are read during the call
 *    only. Pointers that come out belong to the library and are valid for as long as the function says.
 *  - Callbacks run inside a call, on its thread, get the `user` pointer of their params, and must not call
 *    functions of the same handle. Types of events that a program does not know are to be ignored.
 *  - No C++ exception leaves the library; without memory, calls return LUMEN_ERR_RESOURCE_EXHAUSTED.
 */
#ifndef LUMEN_CORE_H_
#define LUMEN_CORE_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LUMEN_API __attribute__((visibility("default")))
#else
#define LUMEN_API
#endif

/* --- version --- */

/* Raised when a field or a function is added (docs/capi.md lists what each added). What breaks programs gets
 * a new soname instead. */
#define LUMEN_ABI_VERSION 2u

/* LUMEN_ABI_VERSION of the library in use. Thread-safe. */
LUMEN_API uint32_t lumen_abi_version(void);
/* For people: "0.1.0 (abi 1)". Static. Thread-safe. */
LUMEN_API const char* lumen_core_version_string(void);

/* --- results --- */

typedef int32_t lumen_result;
enum {
  LUMEN_OK = 0,
  LUMEN_NOTHING = 1, /* there is nothing to give now */
  LUMEN_FOLLOW = 2,  /* accepted, and from now on send to where this came from */
  LUMEN_IGNORED = 3, /* not of this session, not authentic, or a repetition; counted */

  LUMEN_ERR_INVALID_ARGUMENT = -1, /* the caller broke a rule of this header */
  LUMEN_ERR_MALFORMED = -2,        /* bytes do not parse */
  LUMEN_ERR_UNSUPPORTED = -3,      /* this library, or this CPU, cannot do it */
  LUMEN_ERR_UNAVAILABLE = -4,      /* not now; may work later */
  LUMEN_ERR_DENIED = -5,
  LUMEN_ERR_TIMED_OUT = -6,
  LUMEN_ERR_CANCELLED = -7,
  LUMEN_ERR_RESOURCE_EXHAUSTED = -8, /* memory, packet numbers, or a unit larger than any that can be sent */
  LUMEN_ERR_INTERNAL = -9            /* a bug in the library */
};

/* One line for people, never NULL, static; also for numbers that are no results. Thread-safe. */
LUMEN_API const char* lumen_strerror(lumen_result result);

enum { LUMEN_LOG_ERROR = 1, LUMEN_LOG_WARNING = 2, LUMEN_LOG_INFO = 3 };
/* Why a call failed, in detail. `id` names the failure for ever ("frame.too-large"), `text` is for people;
 * both are valid during the call. */
typedef void (*lumen_log_fn)(void* user, int32_t level, const char* id, const char* text);

/* --- kernels --- */

/* Instruction sets for the arithmetic of error correction. All give the same bytes. */
enum {
  LUMEN_KERNEL_BEST = 0, /* the best one that this CPU has */
  LUMEN_KERNEL_SCALAR = 1,
  LUMEN_KERNEL_SSSE3 = 2,
  LUMEN_KERNEL_AVX2 = 3,
  LUMEN_KERNEL_GFNI = 4, /* with AVX-512 */
  LUMEN_KERNEL_NEON = 5
};

/* 1: this library has it and this CPU can run it; else 0. Thread-safe. */
LUMEN_API int32_t lumen_kernel_is_supported(int32_t kernel);
/* "scalar", "ssse3" …; "unknown" for other numbers. Static. Thread-safe. */
LUMEN_API const char* lumen_kernel_name(int32_t kernel);

/* --- forward error correction --- */

/* k data shards of equal size get m parity shards; any k of the k + m give all back. */
enum {
  LUMEN_CODE_LEOPARD_GF8 = 1,     /* k + m to 256 and less (see lumen_fec_code_for()), any shard size */
  LUMEN_CODE_LEOPARD_GF16 = 2,    /* to 65 536 points, even shard sizes */
  LUMEN_CODE_GAMESTREAM = 3,      /* video of GameStream: k + m <= 255, any shard size */
  LUMEN_CODE_GAMESTREAM_AUDIO = 4 /* k = 4, m = 2, any shard size */
};

/* Tables of the codes. Whatever takes a `const lumen_fec *` may do so on any number of threads at once. */
typedef struct lumen_fec lumen_fec;

typedef struct lumen_fec_params {
  uint32_t struct_size; /* sizeof(lumen_fec_params) */
  int32_t kernel;       /* LUMEN_KERNEL_*. Default: best. One that this CPU lacks: LUMEN_ERR_UNSUPPORTED */
  uint32_t max_points; /* of Leopard's codes, 256…65 536, default 65 536. Tables grow with it, to megabytes */
  uint32_t reserved;   /* 0 */
} lumen_fec_params;

LUMEN_API lumen_result lumen_fec_params_init(lumen_fec_params* params, size_t struct_size);
/* `params` may be NULL: defaults. */
LUMEN_API lumen_result lumen_fec_create(const lumen_fec_params* params, lumen_fec** out);
/* Whatever was created with it must have gone before. */
LUMEN_API void lumen_fec_destroy(lumen_fec** fec);

/* The cheaper of Leopard's codes that has room for k data and m parity shards; LUMEN_ERR_UNSUPPORTED when
 * neither has. Never one of GameStream's. Thread-safe. */
LUMEN_API lumen_result lumen_fec_code_for(size_t data_shards, size_t parity_shards);

/* Bytes of work memory that encode and recover of such a block need, whatever is lost and however long its
 * shards are; it needs no alignment. 0: no such block. Thread-safe. */
LUMEN_API size_t lumen_fec_work_bytes(int32_t code, size_t data_shards, size_t parity_shards);

/* Computes parity. Never allocates.
 * data: k pointers, parity: m pointers, each to `shard_bytes`; shards need no alignment, one that is written
 * overlaps no other. work: the caller's, of at least lumen_fec_work_bytes(); two calls at once need two.
 * m = 0 is fine. LUMEN_ERR_UNSUPPORTED: the code has no such block (nothing is written).
 * LUMEN_ERR_INVALID_ARGUMENT: too little work memory, or a shard pointer is NULL. */
LUMEN_API lumen_result lumen_fec_encode(const lumen_fec* fec, int32_t code, const void* const* data,
                                        size_t data_shards, void* const* parity, size_t parity_shards,
                                        size_t shard_bytes, void* work, size_t work_bytes);

/* Computes the data shards that are missing, in place. Never allocates.
 * shards: k + m pointers, data first; present: k + m bytes, not 0 where the shard holds what was sent.
 * Pointers of missing parity are not followed and may be NULL; no other may. LUMEN_ERR_UNAVAILABLE: fewer
 * than k shards are present (nothing is written). With all data present it does nothing. Otherwise as encode.
 */
LUMEN_API lumen_result lumen_fec_recover(const lumen_fec* fec, int32_t code, void* const* shards,
                                         const uint8_t* present, size_t data_shards, size_t parity_shards,
                                         size_t shard_bytes, void* work, size_t work_bytes);

/* --- values of both ends --- */

#define LUMEN_SECRET_BYTES 32u
#define LUMEN_MAX_DATAGRAM_BYTES \
  1444u /* no datagram is longer: a receive buffer of so many bytes is enough */

/* Ciphers of the datagrams; the client offers, the host takes the first that it allows. */
enum {
  LUMEN_CIPHER_ANY = 0, /* the one first that this CPU is faster at */
  LUMEN_CIPHER_AES_128_GCM = 1,
  LUMEN_CIPHER_CHACHA20_POLY1305 = 2
};
enum { LUMEN_CODEC_H264 = 1, LUMEN_CODEC_HEVC = 2, LUMEN_CODEC_AV1 = 3 };
enum { LUMEN_PICTURE_DELTA = 0, LUMEN_PICTURE_IDR = 1 };
enum {
  LUMEN_STATE_STARTING = 1,
  LUMEN_STATE_STREAMING = 2,
  LUMEN_STATE_INTERRUPTED = 3, /* goes on by itself; `reason` says why */
  LUMEN_STATE_ENDED = 4        /* for good; `reason` says why */
};

/* What a host says of itself. Texts are UTF-8 for people; NULL is empty (in), never NULL (out). Too long ones
 * are cut: `reason` to 512 bytes, the others to 192. */
typedef struct lumen_host_state {
  uint32_t struct_size;
  uint32_t state;                      /* LUMEN_STATE_* */
  uint32_t width, height, refresh_mhz; /* 64…8192 pixels, 1 000…500 000 mHz; all 0: no mode yet */
  uint32_t reserved;                   /* 0 */
  const char *reason, *encoder, *encoder_reason, *display, *capture;
} lumen_host_state;

enum {
  LUMEN_INPUT_POINTER_TO = 1, /* x, y: 0…65 535 over the whole picture */
  LUMEN_INPUT_POINTER_BY = 2, /* dx, dy: desktop pixels */
  LUMEN_INPUT_BUTTON = 3,     /* evdev_code (BTN_*), pressed */
  LUMEN_INPUT_SCROLL = 4,     /* x, y: 120 is one click, positive is right and down */
  LUMEN_INPUT_KEY = 5,        /* evdev_code (KEY_*), pressed */
  LUMEN_INPUT_RELEASE_ALL = 6 /* nothing stays pressed */
};
typedef struct lumen_input {
  uint32_t struct_size;
  uint32_t type;       /* LUMEN_INPUT_*; it says which of the fields below hold */
  uint32_t evdev_code; /* 0…0x2ff */
  uint32_t pressed;    /* 0 or 1 */
  int32_t x, y;
  float dx, dy; /* finite */
} lumen_input;

/* --- host --- */

/* One session's host end.
 *
 * Life: create; then, for ever: each datagram of the session's UDP port to lumen_host_receive(), each encoded
 * picture to lumen_host_push(), and after either, lumen_host_next() until LUMEN_NOTHING, sending each train
 * when it is due. Clients come and go; the latest one with the secret is served. */
typedef struct lumen_host lumen_host;

enum {
  LUMEN_HOST_EVENT_CONNECTED = 1, /* a new client */
  LUMEN_HOST_EVENT_WISH = 2,      /* it wants width, height, refresh_mhz, pointer_drawn */
  /* It cannot decode from `frame` on, or has just come: make the next picture an IDR. At most once a round
   * trip, however often it asks. */
  LUMEN_HOST_EVENT_RECOVERY = 3,
  LUMEN_HOST_EVENT_INPUT = 4,   /* `input` */
  LUMEN_HOST_EVENT_GOODBYE = 5, /* the client leaves */
  /* The encoder is to make `bitrate_kbps` from the next picture on; only with a bitrate cap. Since ABI 2. */
  LUMEN_HOST_EVENT_BITRATE = 6
};
typedef struct lumen_host_event {
  uint32_t struct_size;
  uint32_t type; /* LUMEN_HOST_EVENT_* */
  uint64_t frame;
  uint32_t width, height, refresh_mhz;
  uint32_t pointer_drawn; /* 1: the pointer is to be part of the picture */
  const lumen_input* input;
  uint32_t bitrate_kbps; /* this and the next since ABI 2 */
  uint32_t reserved;
} lumen_host_event;
/* `event` is valid during the call. */
typedef void (*lumen_host_event_fn)(void* user, const lumen_host_event* event);

typedef struct lumen_host_params {
  uint32_t struct_size;
  uint32_t session; /* 0…255, the same at both ends: several can share a port (first bytes: kind, session) */
  /* Known to both ends, random. Copied. Must be set: all zero is refused. */
  uint8_t secret[LUMEN_SECRET_BYTES];
  /* The path's rate: `burst_bytes` leave at once, more at this rate. 0: no pacing. Else 100 000 and more. */
  uint64_t rate_bits_per_s; /* default 400 000 000 */
  uint64_t burst_bytes;     /* to 1 GiB; default 65 536 */
  uint32_t max_shard_bytes; /* of a frame in a datagram, 64…1392, the default; less for tunnels */
  /* Parity as part of the data: at least 0…100, default 0, but never none; at most 1…1000, default 50, but
   * small frames may always have some datagrams. */
  uint32_t parity_min_percent, parity_max_percent;
  uint32_t cipher;              /* LUMEN_CIPHER_*, the only one allowed; default: any */
  const lumen_fec* fec;         /* tables that outlive the session; NULL, the default: its own */
  lumen_host_event_fn on_event; /* may be NULL */
  lumen_log_fn on_log;          /* may be NULL */
  void* user;                   /* of both callbacks */
  /* What the encoder makes at most: with it, the bitrate follows what the path carries without a standing
   * queue, told by LUMEN_HOST_EVENT_BITRATE. 0, the default: the program's own affair. To 4 000 000. Since
   * ABI 2, as the next. */
  uint32_t bitrate_cap_kbps;
  uint32_t reserve_kbps; /* of the path for other than pictures, such as sound; default 0 */
} lumen_host_params;

LUMEN_API lumen_result lumen_host_params_init(lumen_host_params* params, size_t struct_size);
/* Events come only from lumen_host_receive() and lumen_host_push(). */
LUMEN_API lumen_result lumen_host_create(const lumen_host_params* params, lumen_host** out);
LUMEN_API void lumen_host_destroy(lumen_host** host);

/* One datagram that came; it is overwritten (decrypted in place).
 * LUMEN_FOLLOW: from now on, send the trains to where this one came from. LUMEN_OK: accepted. LUMEN_IGNORED.
 */
LUMEN_API lumen_result lumen_host_receive(lumen_host* host, void* datagram, size_t bytes, int64_t now_ns);

typedef struct lumen_access_unit {
  uint32_t struct_size;
  uint32_t codec;         /* LUMEN_CODEC_* */
  uint32_t kind;          /* LUMEN_PICTURE_* */
  uint32_t width, height; /* visible pixels, 1…8192 */
  uint32_t reserved;      /* 0 */
  const void* bytes;      /* one encoded picture (AV1: OBUs; else Annex B), 1…about 64 MiB */
  size_t size_bytes;
  /* When the picture was presented on the desktop, was ready for the encoder, and was encoded; 0: not known.
   * The client is told the differences. */
  int64_t presented_ns, captured_ns, encoded_ns;
} lumen_access_unit;

/* Splits the unit and adds parity as the measured loss wants it; lumen_host_next() then gives the datagrams.
 * What is left of the unit before is dropped. Allocates only while units grow.
 * Frames are numbered 1, 2, 3 …; the number is written to `frame`, which may be NULL.
 * LUMEN_ERR_UNAVAILABLE: no client. LUMEN_ERR_RESOURCE_EXHAUSTED: the unit is too large; an IDR is asked for.
 */
LUMEN_API lumen_result lumen_host_push(lumen_host* host, const lumen_access_unit* unit, int64_t now_ns,
                                       uint64_t* frame);

enum {
  LUMEN_TRAIN_REPLY = 1 /* goes to where the datagram given to lumen_host_receive() last came from */
};
/* Sealed datagrams that leave together, equal in size and one behind the other in memory: one sendmsg() with
 * UDP_SEGMENT = datagram_bytes sends up to 64 of them. */
typedef struct lumen_train {
  uint32_t struct_size;
  uint32_t flags;        /* LUMEN_TRAIN_* */
  const void* bytes;     /* datagrams · datagram_bytes; valid until the next receive, push, next or destroy */
  size_t datagram_bytes; /* of each */
  size_t datagrams;      /* 1…44 */
  int64_t due_ns;        /* not to be sent before; never before now */
} lumen_train;

/* What is to be sent next: answers, messages, then the unit. LUMEN_NOTHING: all has gone.
 * The trains of one unit lie one behind the other and stay valid together until the next push. */
LUMEN_API lumen_result lumen_host_next(lumen_host* host, lumen_train* train, int64_t now_ns);

/* What the client is told of the host from now on; lumen_host_next() gives the message. */
LUMEN_API lumen_result lumen_host_say(lumen_host* host, const lumen_host_state* state);
/* The host leaves: lumen_host_next() gives the message. Nobody repeats it: call it some times. */
LUMEN_API lumen_result lumen_host_say_goodbye(lumen_host* host);
/* Another rate of the path, as in the params; what is due already stays so. */
LUMEN_API lumen_result lumen_host_set_rate(lumen_host* host, uint64_t rate_bits_per_s);
/* Another bitrate_cap_kbps and reserve_kbps, as in the params; the next push tells a bitrate again. Since
 * ABI 2. */
LUMEN_API lumen_result lumen_host_set_bitrate_cap(lumen_host* host, uint32_t cap_kbps, uint32_t reserve_kbps);
/* New keys from the next datagram on; the client follows by itself. They change by themselves, too, long
 * before they are worn out. LUMEN_ERR_UNAVAILABLE: no client, or fewer than 64 datagrams since the last
 * change. */
LUMEN_API lumen_result lumen_host_update_keys(lumen_host* host);

typedef struct lumen_host_stats {
  uint32_t struct_size;
  uint32_t assumed_loss_ppm; /* of datagrams, what parity is made for */
  uint64_t frames, idr, datagrams, bytes;
  uint64_t data_shards, parity_shards;
  uint64_t abandoned_datagrams; /* not yet asked for when the next unit came */
  uint64_t recovery_asked, recovery_merged;
  uint64_t connections, foreign, refused, malformed, input_events;
  uint64_t reported_expected, reported_lost; /* datagrams, as measured by the client */
  int64_t round_trip_ns;                     /* the client's estimate; 0: none yet */
  uint64_t key_epoch;                        /* updates of the host's keys, on this connection */
  /* Since ABI 2. Of the encoder; of a bottleneck, 0: none is known. */
  uint32_t bitrate_kbps, capacity_kbps;
  int64_t queue_ns;                       /* standing in front of the bottleneck, at the client's last word */
  uint64_t shards_asked, shards_repeated; /* sent again; asked: as far as they were still kept */
} lumen_host_stats;
LUMEN_API lumen_result lumen_host_get_stats(const lumen_host* host, lumen_host_stats* stats);

/* --- client --- */

/* One session's client end.
 *
 * Life: create; then, for ever: each datagram from the host to lumen_client_receive(); after it, and whenever
 * lumen_client_next_deadline() has come, lumen_client_next_unit() until LUMEN_NOTHING and
 * lumen_client_next_datagram() until LUMEN_NOTHING, sending each to the host. It connects by itself, and
 * again when the host has been silent for five seconds. */
typedef struct lumen_client lumen_client;

enum {
  LUMEN_CLIENT_EVENT_CONNECTED = 1,  /* frame numbers may begin anywhere */
  LUMEN_CLIENT_EVENT_HOST_STATE = 2, /* `host_state` is new */
  LUMEN_CLIENT_EVENT_HOST_LEFT = 3,
  /* first_frame…last_frame will never come: lost, or useless without a lost one. Frames come and are missing
   * in order: the next unit is last_frame + 1 or later. Recovery is asked for by itself. */
  LUMEN_CLIENT_EVENT_MISSING = 4
};
typedef struct lumen_client_event {
  uint32_t struct_size;
  uint32_t type; /* LUMEN_CLIENT_EVENT_* */
  uint64_t first_frame, last_frame;
  const lumen_host_state* host_state;
} lumen_client_event;
/* `event` is valid during the call. */
typedef void (*lumen_client_event_fn)(void* user, const lumen_client_event* event);

typedef struct lumen_client_params {
  uint32_t struct_size;
  uint32_t session; /* as in lumen_host_params, as the next */
  uint8_t secret[LUMEN_SECRET_BYTES];
  /* Wished: 64…8192 pixels, 1 000…500 000 mHz. Default 1920x1080 at 60 Hz. */
  uint32_t width, height, refresh_mhz;
  uint32_t pointer_drawn;         /* 1, the default: the pointer is to be part of the picture */
  uint32_t reorder_wait_us;       /* how long a whole frame waits for one before it; to 1 s, default 4 000 */
  uint32_t cipher;                /* LUMEN_CIPHER_*, the only one offered; default: any */
  uint64_t memory_budget_bytes;   /* for frames under way, 1 MiB and more; default 256 MiB */
  const lumen_fec* fec;           /* tables that outlive the session; NULL, the default: its own */
  lumen_client_event_fn on_event; /* may be NULL */
  lumen_log_fn on_log;            /* may be NULL */
  void* user;                     /* of both callbacks */
} lumen_client_params;

LUMEN_API lumen_result lumen_client_params_init(lumen_client_params* params, size_t struct_size);
/* Events come only from lumen_client_receive() and lumen_client_next_unit(). */
LUMEN_API lumen_result lumen_client_create(const lumen_client_params* params, lumen_client** out);
LUMEN_API void lumen_client_destroy(lumen_client** client);

/* One datagram from the host's address; it is overwritten (decrypted in place). LUMEN_OK or LUMEN_IGNORED. */
LUMEN_API lumen_result lumen_client_receive(lumen_client* client, void* datagram, size_t bytes,
                                            int64_t now_ns);

enum { LUMEN_UNIT_REPAIRED = 1 /* parity mended it */ };
typedef struct lumen_unit {
  uint32_t struct_size;
  uint32_t flags; /* LUMEN_UNIT_* */
  uint32_t codec, kind, width, height;
  uint64_t frame;
  const void* bytes; /* valid until the next receive, next_unit or destroy */
  size_t size_bytes;
  /* Spent at the host: presented to captured, to encoded, to sent. No clock crosses the network. */
  int64_t host_capture_ns, host_encode_ns, host_send_ns;
  int64_t received_ns, complete_ns; /* first datagram, last needed one; the client's clock */
} lumen_unit;

/* The next access unit in order. Each can be decoded when all before it were: after a loss, the next is an
 * IDR. LUMEN_NOTHING: none yet. */
LUMEN_API lumen_result lumen_client_next_unit(lumen_client* client, lumen_unit* unit, int64_t now_ns);
/* The decoder could not use this frame, or had no room for it: nothing comes before the next IDR, which is
 * asked for. */
LUMEN_API lumen_result lumen_client_not_decoded(lumen_client* client, uint64_t frame);

typedef struct lumen_datagram {
  uint32_t struct_size;
  uint32_t reserved;
  const void* bytes; /* valid until the next call that gives one, or destroy */
  size_t size_bytes;
} lumen_datagram;

/* What is to be sent to the host now. LUMEN_NOTHING: nothing, until next_deadline() or something comes. */
LUMEN_API lumen_result lumen_client_next_datagram(lumen_client* client, lumen_datagram* datagram,
                                                  int64_t now_ns);
/* When next_unit() or next_datagram() may have something without a new datagram; not after `now_ns`: at once.
 */
LUMEN_API lumen_result lumen_client_next_deadline(const lumen_client* client, int64_t now_ns,
                                                  int64_t* deadline_ns);

/* Another mode, as in the params. */
LUMEN_API lumen_result lumen_client_set_mode(lumen_client* client, uint32_t width, uint32_t height,
                                             uint32_t refresh_mhz, uint32_t pointer_drawn);
/* Gives the datagram with the input, to be sent at once. Buttons, keys and scrolling are repeated by
 * next_datagram() until the host has them: each arrives once and in order. Motion is sent once.
 * LUMEN_ERR_UNAVAILABLE: no connection, or the host has not acknowledged 256 of them: the input is dropped.
 */
LUMEN_API lumen_result lumen_client_seal_input(lumen_client* client, const lumen_input* input,
                                               lumen_datagram* datagram);
/* As lumen_host_update_keys(), of the other direction. LUMEN_ERR_UNAVAILABLE, too, until the host has
 * answered under the keys of the last change: of two changes that it missed it would never learn. */
LUMEN_API lumen_result lumen_client_update_keys(lumen_client* client);
/* The client leaves. Nobody repeats it: send it some times. LUMEN_ERR_UNAVAILABLE: no connection. */
LUMEN_API lumen_result lumen_client_seal_goodbye(lumen_client* client, lumen_datagram* datagram);

typedef struct lumen_client_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t frames_complete, frames_lost, frames_repaired, frames_skipped; /* skipped: useless after a loss */
  uint64_t shards_received, shards_repaired, shards_duplicate, shards_late, shards_invalid;
  uint64_t shards_refused; /* of frames for which the budget had no memory */
  uint64_t datagrams, bytes, foreign, not_authentic;
  uint64_t idr, recovery_asked;
  int64_t round_trip_ns; /* 0: not yet known */
  uint64_t memory_bytes; /* held for frames now */
  uint64_t key_epoch;    /* updates of the host's keys, on this connection */
} lumen_client_stats;
LUMEN_API lumen_result lumen_client_get_stats(const lumen_client* client, lumen_client_stats* stats);

#ifdef __cplusplus
}
#endif
#endif
